package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.service.advice.InvalidGrpcAdviceException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains why exceptions cannot be mapped.
 */
class InvalidGrpcAdviceFailureAnalyzer extends AbstractFailureAnalyzer<InvalidGrpcAdviceException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidGrpcAdviceException cause) {
		return new FailureAnalysis("Methods with @GrpcExceptionHandler cannot be used:%n%n    %s"
			.formatted(String.join("%n    ".formatted(), cause.getProblems())), "Correct the methods.", cause);
	}

}
