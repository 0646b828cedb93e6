package io.strand.grpc.autoconfigure.client;

import io.strand.grpc.client.ChannelConfigurationException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains what is wrong with a channel or with a stub that asks for one.
 */
class ChannelConfigurationFailureAnalyzer extends AbstractFailureAnalyzer<ChannelConfigurationException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, ChannelConfigurationException cause) {
		return new FailureAnalysis(cause.getReason(), cause.getRemedy(), cause);
	}

}
