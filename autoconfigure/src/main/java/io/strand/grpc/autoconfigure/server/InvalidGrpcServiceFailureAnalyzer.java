package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.server.InvalidGrpcServiceException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains why a bean cannot be served.
 */
class InvalidGrpcServiceFailureAnalyzer extends AbstractFailureAnalyzer<InvalidGrpcServiceException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidGrpcServiceException cause) {
		return new FailureAnalysis(cause.getReason(), cause.getRemedy(), cause);
	}

}
