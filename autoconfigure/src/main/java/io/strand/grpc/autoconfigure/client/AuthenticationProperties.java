package io.strand.grpc.autoconfigure.client;

import java.nio.file.Path;

import org.jspecify.annotations.Nullable;

/**
 * Which credentials the calls of a channel get: those of one kind. A channel that sets
 * none inherits the default channel's.
 */
public class AuthenticationProperties {

	/**
	 * Set to false for calls without credentials on a channel that would inherit some; by
	 * default there are credentials if any are set.
	 */
	private @Nullable Boolean enabled;

	/**
	 * Name for basic authentication, sent with the password; none if not set.
	 */
	private @Nullable String username;

	/**
	 * Password for basic authentication; none if not set.
	 */
	private @Nullable String password;

	/**
	 * Bearer token, without the word 'Bearer'; none if not set.
	 */
	private @Nullable String token;

	/**
	 * File with a bearer token; none if not set. It may be replaced at any time; the new
	 * token is used within 10 seconds.
	 */
	private @Nullable Path tokenFile;

	/**
	 * Name of a registration under spring.security.oauth2.client.registration whose grant
	 * type is client_credentials. Its access token is fetched when a call needs it, and
	 * shared by all calls until it expires. None if not set.
	 */
	private @Nullable String oauth2Registration;

	/**
	 * Whether calls carry on the bearer token of the caller that is being served: the one
	 * in Spring Security's context on the thread that starts the call. Without such a
	 * token they have none; false if not set.
	 */
	private @Nullable Boolean tokenRelay;

	/**
	 * Whether credentials, also those that a single call is given, are sent over
	 * connections that are not encrypted; false if not set. Unix domain sockets,
	 * in-process channels and the application's own server need no encryption.
	 */
	private @Nullable Boolean allowPlaintext;

	public @Nullable Boolean getEnabled() {
		return this.enabled;
	}

	public void setEnabled(@Nullable Boolean enabled) {
		this.enabled = enabled;
	}

	public @Nullable String getUsername() {
		return this.username;
	}

	public void setUsername(@Nullable String username) {
		this.username = username;
	}

	public @Nullable String getPassword() {
		return this.password;
	}

	public void setPassword(@Nullable String password) {
		this.password = password;
	}

	public @Nullable String getToken() {
		return this.token;
	}

	public void setToken(@Nullable String token) {
		this.token = token;
	}

	public @Nullable Path getTokenFile() {
		return this.tokenFile;
	}

	public void setTokenFile(@Nullable Path tokenFile) {
		this.tokenFile = tokenFile;
	}

	public @Nullable String getOauth2Registration() {
		return this.oauth2Registration;
	}

	public void setOauth2Registration(@Nullable String oauth2Registration) {
		this.oauth2Registration = oauth2Registration;
	}

	public @Nullable Boolean getTokenRelay() {
		return this.tokenRelay;
	}

	public void setTokenRelay(@Nullable Boolean tokenRelay) {
		this.tokenRelay = tokenRelay;
	}

	public @Nullable Boolean getAllowPlaintext() {
		return this.allowPlaintext;
	}

	public void setAllowPlaintext(@Nullable Boolean allowPlaintext) {
		this.allowPlaintext = allowPlaintext;
	}

}
