package io.strand.grpc.security;

/**
 * The security of the server is not set up as it must be.
 */
public class InvalidGrpcSecurityException extends RuntimeException {

	private final String reason;

	private final String remedy;

	InvalidGrpcSecurityException(String reason, String remedy) {
		super(reason + " " + remedy);
		this.reason = reason;
		this.remedy = remedy;
	}

	/**
	 * What is wrong.
	 * @return a sentence that names the rule or bean
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
