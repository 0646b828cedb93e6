package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.server.GrpcServerStartException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains why the server cannot listen.
 */
class GrpcServerStartFailureAnalyzer extends AbstractFailureAnalyzer<GrpcServerStartException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, GrpcServerStartException cause) {
		return new FailureAnalysis("The gRPC server cannot start with %s=%s. %s".formatted(cause.getProperty(),
				cause.getValue(), cause.getReason()), cause.getRemedy(), cause);
	}

}
