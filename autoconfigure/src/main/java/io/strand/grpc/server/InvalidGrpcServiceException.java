package io.strand.grpc.server;

/**
 * A bean cannot be served as a gRPC service.
 */
public class InvalidGrpcServiceException extends RuntimeException {

	private final String reason;

	private final String remedy;

	InvalidGrpcServiceException(String reason, String remedy) {
		super(reason + " " + remedy);
		this.reason = reason;
		this.remedy = remedy;
	}

	/**
	 * What is wrong.
	 * @return a sentence that names the bean
	 */
	public String getReason() {
		return this.reason;
	}

	/**
	 * What to do.
	 * @return a sentence
	 */
	public String getRemedy() {
		return this.remedy;
	}

}
