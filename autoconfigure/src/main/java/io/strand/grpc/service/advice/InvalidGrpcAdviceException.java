package io.strand.grpc.service.advice;

import java.util.List;

/**
 * Methods with {@link GrpcExceptionHandler} cannot be used as they are.
 */
public class InvalidGrpcAdviceException extends RuntimeException {

	private final List<String> problems;

	InvalidGrpcAdviceException(List<String> problems) {
		super("Methods with @GrpcExceptionHandler cannot be used: " + String.join(" ", problems));
		this.problems = List.copyOf(problems);
	}

	/**
	 * What is wrong.
	 * @return a sentence for each mistake, which names the method and says what to do
	 */
	public List<String> getProblems() {
		return this.problems;
	}

}
