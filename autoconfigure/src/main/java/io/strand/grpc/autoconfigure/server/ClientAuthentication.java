package io.strand.grpc.autoconfigure.server;

/**
 * Whether clients prove their identity with a certificate.
 */
public enum ClientAuthentication {

	/** They are not asked for one. */
	NONE,

	/**
	 * They are asked for one, and are served without; one that is not trusted is refused.
	 */
	WANT,

	/** They are refused without one that is trusted. */
	NEED

}
