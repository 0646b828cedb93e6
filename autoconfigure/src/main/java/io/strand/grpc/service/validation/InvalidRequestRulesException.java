package io.strand.grpc.service.validation;

import java.util.List;

/**
 * Rules in a {@code .proto} file cannot be compiled.
 */
public class InvalidRequestRulesException extends RuntimeException {

	private final List<String> problems;

	InvalidRequestRulesException(List<String> problems) {
		super("Rules of requests cannot be compiled: " + String.join(" ", problems));
		this.problems = List.copyOf(problems);
	}

	/**
	 * What is wrong.
	 * @return a sentence for each method whose request has such a rule
	 */
	public List<String> getProblems() {
		return this.problems;
	}

}
