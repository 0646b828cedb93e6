package io.strand.grpc.client.credentials;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * A bearer token. Its text form does not show it.
 *
 * @param value the token, without the word {@code Bearer}
 * @param reusableUntil until when calls may share it; {@code null} for ever
 */
public record AccessToken(String value, @Nullable Instant reusableUntil) {

	/**
	 * Checks the token.
	 * @throws IllegalArgumentException with a message for the user, which does not show
	 * the token, if it cannot be sent
	 */
	public AccessToken {
		if (value.isEmpty()) {
			throw new IllegalArgumentException("The token is empty.");
		}
		for (int i = 0; i < value.length(); i++) {
			char character = value.charAt(i);
			if (character <= ' ' || character > '~') {
				throw new IllegalArgumentException(
						"The token has a character at position %d, of code %d, that no header can carry."
							.formatted(i + 1, (int) character));
			}
		}
	}

	boolean isReusable() {
		return this.reusableUntil == null || Instant.now().isBefore(this.reusableUntil);
	}

	@Override
	public String toString() {
		return "AccessToken[reusableUntil=%s]".formatted(this.reusableUntil);
	}

}
