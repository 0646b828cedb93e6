package io.strand.grpc.client;

/**
 * Thrown when the application starts and a channel that is to be waited for has not
 * connected in time.
 */
public class ChannelConnectException extends RuntimeException {

	private final String action;

	ChannelConnectException(String message, String action) {
		super(message);
		this.action = action;
	}

	/**
	 * What to do about it.
	 * @return a sentence or more
	 */
	public String getAction() {
		return this.action;
	}

}
