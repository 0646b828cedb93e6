package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.service.validation.InvalidRequestRulesException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains why requests cannot be validated.
 */
class InvalidRequestRulesFailureAnalyzer extends AbstractFailureAnalyzer<InvalidRequestRulesException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidRequestRulesException cause) {
		return new FailureAnalysis(
				"Rules of requests cannot be compiled:%n%n    %s"
					.formatted(String.join("%n    ".formatted(), cause.getProblems())),
				"Correct the rules in the .proto file, or set strand.server.validation.enabled=false to run without any.",
				cause);
	}

}
