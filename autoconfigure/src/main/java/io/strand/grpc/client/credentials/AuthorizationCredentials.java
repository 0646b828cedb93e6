package io.strand.grpc.client.credentials;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.concurrent.Executor;

import io.grpc.CallCredentials;
import io.grpc.Metadata;

/**
 * Credentials that are sent as the {@code authorization} header, for
 * {@code stub.withCallCredentials(...)} and for channels. Thread-safe.
 */
public final class AuthorizationCredentials {

	static final Metadata.Key<String> AUTHORIZATION = Metadata.Key.of("authorization",
			Metadata.ASCII_STRING_MARSHALLER);

	private static final Duration FILE_REUSE = Duration.ofSeconds(10);

	private AuthorizationCredentials() {
	}

	/**
	 * A username and a password, in UTF-8.
	 * @param username the name, without a colon
	 * @param password the password
	 * @return credentials for any number of calls
	 * @throws IllegalArgumentException with a message for the user if they cannot be sent
	 */
	public static CallCredentials basic(String username, String password) {
		if (username.indexOf(':') >= 0) {
			throw new IllegalArgumentException(
					"The username has a colon, which would end it: basic authentication has no names with colons.");
		}
		if ((username + password).chars().anyMatch(Character::isISOControl)) {
			throw new IllegalArgumentException("The username or the password has a control character.");
		}
		byte[] both = (username + ":" + password).getBytes(StandardCharsets.UTF_8);
		return new Fixed("Basic " + Base64.getEncoder().encodeToString(both));
	}

	/**
	 * A bearer token that stays the same.
	 * @param token the token, without the word {@code Bearer}
	 * @return credentials for any number of calls
	 * @throws IllegalArgumentException with a message for the user if it cannot be sent
	 */
	public static CallCredentials bearer(String token) {
		return new Fixed(bearer(new AccessToken(token, null)));
	}

	/**
	 * A bearer token that is fetched when a call needs one and there is none that can be
	 * reused. However many calls need it at once, it is fetched once. Threads of calls
	 * and event loops do not wait for it.
	 * @param source where it comes from
	 * @return credentials for any number of calls
	 */
	public static CallCredentials bearer(TokenSource source) {
		return new FetchedToken(source);
	}

	/**
	 * A bearer token in a file, without the white space round it, that may be replaced at
	 * any time: a new one is noticed within 10 seconds.
	 * @param file the file
	 * @return credentials for any number of calls
	 */
	public static CallCredentials bearer(Path file) {
		return new FetchedToken(() -> read(file));
	}

	/**
	 * Reads a bearer token from a file.
	 * @param file the file
	 * @return the token
	 * @throws IOException if the file cannot be read
	 * @throws IllegalArgumentException if what is in it cannot be sent
	 */
	public static AccessToken read(Path file) throws IOException {
		return new AccessToken(Files.readString(file).strip(), Instant.now().plus(FILE_REUSE));
	}

	static String bearer(AccessToken token) {
		return "Bearer " + token.value();
	}

	static Metadata headers(String authorization) {
		Metadata headers = new Metadata();
		headers.put(AUTHORIZATION, authorization);
		return headers;
	}

	private static final class Fixed extends CallCredentials {

		private final String authorization;

		Fixed(String authorization) {
			this.authorization = authorization;
		}

		@Override
		public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
			applier.apply(headers(this.authorization));
		}

	}

}
