package io.strand.grpc.sample.refusal;

/**
 * A caller asks for what the sample does not give. The message is for the caller, who
 * gets it as INVALID_ARGUMENT, whichever service throws this.
 */
public class UnreasonableRequestException extends IllegalArgumentException {

	public UnreasonableRequestException(String message) {
		super(message);
	}

}
