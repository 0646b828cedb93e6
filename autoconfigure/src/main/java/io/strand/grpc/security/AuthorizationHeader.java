package io.strand.grpc.security;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Iterator;
import java.util.regex.Pattern;

import io.grpc.Metadata;
import org.jspecify.annotations.Nullable;

import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;

/**
 * Reads the header {@code authorization}. What is not exactly as it should be is refused
 * and never guessed at: no exception but {@link BadCredentialsException} leaves here.
 */
final class AuthorizationHeader {

	static final Metadata.Key<String> KEY = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

	/** Of RFC 6750. */
	private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9-._~+/]+=*");

	private AuthorizationHeader() {
	}

	/**
	 * Refuses a call with several such headers: two who read it might believe different
	 * ones.
	 * @param headers what the client sent
	 * @return whether there is one
	 */
	static boolean isPresent(Metadata headers) {
		return only(headers) != null;
	}

	private static @Nullable String only(Metadata headers) {
		Iterable<String> all = headers.getAll(KEY);
		if (all == null) {
			return null;
		}
		Iterator<String> values = all.iterator();
		String first = values.hasNext() ? values.next() : null;
		if (values.hasNext()) {
			throw new BadCredentialsException("The call has several authorization headers");
		}
		return first;
	}

	/**
	 * Finds the credentials of a scheme.
	 * @param headers what the client sent
	 * @param scheme the scheme, such as {@code Basic}
	 * @return what comes after the scheme, or {@code null} if there is no header or it is
	 * of another scheme
	 */
	static @Nullable String credentials(Metadata headers, String scheme) {
		String value = only(headers);
		if (value == null) {
			return null;
		}
		String trimmed = value.trim();
		if (!trimmed.regionMatches(true, 0, scheme, 0, scheme.length())) {
			return null;
		}
		String rest = trimmed.substring(scheme.length());
		if (!rest.isEmpty() && rest.charAt(0) != ' ') {
			return null;
		}
		if (rest.isBlank()) {
			throw new BadCredentialsException("The authorization header has nothing after " + scheme);
		}
		return rest.trim();
	}

	static @Nullable String bearerToken(Metadata headers) {
		String token = credentials(headers, "Bearer");
		if (token != null && !TOKEN.matcher(token).matches()) {
			throw new BadCredentialsException("The bearer token has characters that no token has");
		}
		return token;
	}

	static @Nullable UsernamePasswordAuthenticationToken basic(Metadata headers) {
		String encoded = credentials(headers, "Basic");
		if (encoded == null) {
			return null;
		}
		String both = decode(encoded);
		// The first: a password may have more, a user name has none
		int colon = both.indexOf(':');
		if (colon < 0) {
			throw new BadCredentialsException("The basic credentials have no colon");
		}
		return UsernamePasswordAuthenticationToken.unauthenticated(both.substring(0, colon), both.substring(colon + 1));
	}

	private static String decode(String encoded) {
		byte[] bytes;
		try {
			bytes = Base64.getDecoder().decode(encoded);
		}
		catch (IllegalArgumentException ex) {
			throw new BadCredentialsException("The basic credentials are not in base64", ex);
		}
		try {
			return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
		}
		catch (CharacterCodingException ex) {
			throw new BadCredentialsException("The basic credentials are not in UTF-8", ex);
		}
	}

}
