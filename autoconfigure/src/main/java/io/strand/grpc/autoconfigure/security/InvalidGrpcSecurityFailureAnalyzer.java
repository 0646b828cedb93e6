package io.strand.grpc.autoconfigure.security;

import io.strand.grpc.security.InvalidGrpcSecurityException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains what is wrong with the security of the server.
 */
class InvalidGrpcSecurityFailureAnalyzer extends AbstractFailureAnalyzer<InvalidGrpcSecurityException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidGrpcSecurityException cause) {
		return new FailureAnalysis(cause.getReason(), cause.getRemedy(), cause);
	}

}
