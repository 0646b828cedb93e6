package io.strand.grpc.call;

/**
 * What happens when a second thread sends on a stream while a first one does.
 */
public enum ConcurrentSend {

	/** The second one waits for its turn. Each thread's messages keep their order. */
	SERIALIZE,

	/**
	 * The second one gets a {@link ConcurrentStreamUseException}; the first one is not
	 * disturbed.
	 */
	FAIL,

	/**
	 * Nothing looks: as in plain grpc-java, the stream and its connection may break.
	 */
	OFF

}
