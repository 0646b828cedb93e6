package io.strand.grpc.client;

/**
 * A channel's settings, or what an injection point asks of the channels, make no sense.
 */
public class ChannelConfigurationException extends RuntimeException {

	private final String reason;

	private final String remedy;

	ChannelConfigurationException(String reason, String remedy) {
		super(reason + " " + remedy);
		this.reason = reason;
		this.remedy = remedy;
	}

	/**
	 * What is wrong.
	 * @return a sentence or two that name the property or injection point
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
