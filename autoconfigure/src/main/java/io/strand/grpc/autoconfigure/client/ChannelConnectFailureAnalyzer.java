package io.strand.grpc.autoconfigure.client;

import io.strand.grpc.client.ChannelConnectException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains which channels could not connect and why.
 */
class ChannelConnectFailureAnalyzer extends AbstractFailureAnalyzer<ChannelConnectException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, ChannelConnectException cause) {
		return new FailureAnalysis(String.valueOf(cause.getMessage()), cause.getAction(), cause);
	}

}
