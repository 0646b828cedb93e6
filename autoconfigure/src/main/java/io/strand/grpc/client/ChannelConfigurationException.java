package io.strand.grpc.client;

import org.springframework.beans.FatalBeanException;

/**
 * A channel's settings, or what an injection point asks of the channels, make no sense.
 * An exception of the container, so that it adds which bean asked, and tries the next
 * constructor where a bean has several.
 */
public class ChannelConfigurationException extends FatalBeanException {

	private final String reason;

	private final String remedy;

	/**
	 * Says what is wrong and what to do.
	 * @param reason a sentence or two that name the property or injection point
	 * @param remedy a sentence
	 */
	public ChannelConfigurationException(String reason, String remedy) {
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
