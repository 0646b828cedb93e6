package io.strand.grpc.service.scope;

/**
 * What the log lines of a call can tell of it.
 */
public enum LogContextEntry {

	/** The full name of the method, as {@code grpc.method}. */
	METHOD("grpc.method"),

	/** The number of the call, unique in its server, as {@code grpc.callId}. */
	CALL_ID("grpc.callId"),

	/** The address of the client, as {@code grpc.peer}. */
	PEER("grpc.peer");

	private final String key;

	LogContextEntry(String key) {
		this.key = key;
	}

	/**
	 * The key in the MDC.
	 * @return the key
	 */
	public String key() {
		return this.key;
	}

}
