package io.strand.grpc.server;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A bean cannot be served as a gRPC service.
 */
public class InvalidGrpcServiceException extends RuntimeException {

	private final String reason;

	private final String remedy;

	InvalidGrpcServiceException(String reason, String remedy) {
		super(reason + " " + remedy);
		this.reason = reason;
		this.remedy = remedy;
	}

	/**
	 * One exception for all that is wrong.
	 * @param all one for each bean, not empty
	 * @return the first, if there is but one
	 */
	static InvalidGrpcServiceException of(List<InvalidGrpcServiceException> all) {
		return (all.size() == 1) ? all.get(0) : new InvalidGrpcServiceException(
				lines(all, InvalidGrpcServiceException::getReason), lines(all, InvalidGrpcServiceException::getRemedy));
	}

	private static String lines(List<InvalidGrpcServiceException> all,
			Function<InvalidGrpcServiceException, String> line) {
		return all.stream().map(line).distinct().collect(Collectors.joining(System.lineSeparator()));
	}

	/**
	 * What is wrong.
	 * @return a sentence that names the bean
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
