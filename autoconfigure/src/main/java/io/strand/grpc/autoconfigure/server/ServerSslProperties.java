package io.strand.grpc.autoconfigure.server;

import org.jspecify.annotations.Nullable;

/**
 * TLS on a TCP port.
 */
public class ServerSslProperties {

	/**
	 * Name of the SSL bundle with the server's certificate and key; plaintext if not set.
	 */
	private @Nullable String bundle;

	/**
	 * Whether clients need a certificate that the bundle's trust store trusts (need), are
	 * asked for one but served without (want), or are not asked (none).
	 */
	private ClientAuthentication clientAuth = ClientAuthentication.NONE;

	public @Nullable String getBundle() {
		return this.bundle;
	}

	public void setBundle(@Nullable String bundle) {
		this.bundle = bundle;
	}

	public ClientAuthentication getClientAuth() {
		return this.clientAuth;
	}

	public void setClientAuth(ClientAuthentication clientAuth) {
		this.clientAuth = clientAuth;
	}

}
