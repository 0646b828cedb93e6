package io.strand.grpc.client;

/**
 * When a channel connects.
 */
public enum ConnectMode {

	/** With the first call. */
	LAZY,

	/** When the application starts, which does not wait for it. */
	EAGER,

	/** When the application starts, which fails if it cannot. */
	WAIT

}
