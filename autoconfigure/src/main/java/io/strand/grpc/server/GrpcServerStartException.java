package io.strand.grpc.server;

import org.jspecify.annotations.Nullable;

/**
 * The server cannot listen where its settings say.
 */
public class GrpcServerStartException extends RuntimeException {

	private final String property;

	private final @Nullable Object value;

	private final String reason;

	private final String remedy;

	/**
	 * Says what is wrong with a property.
	 * @param property the name of the property
	 * @param value its value
	 * @param reason what is wrong, a sentence
	 * @param remedy what to do, a sentence
	 * @param cause the failure behind it, if there is one
	 */
	public GrpcServerStartException(String property, @Nullable Object value, String reason, String remedy,
			@Nullable Throwable cause) {
		super("The gRPC server cannot start with %s=%s. %s %s".formatted(property, value, reason, remedy), cause);
		this.property = property;
		this.value = value;
		this.reason = reason;
		this.remedy = remedy;
	}

	/**
	 * The property that decides where the server listens.
	 * @return its name
	 */
	public String getProperty() {
		return this.property;
	}

	/**
	 * The value of the property.
	 * @return the value, {@code null} where it was not set
	 */
	public @Nullable Object getValue() {
		return this.value;
	}

	/**
	 * What is wrong.
	 * @return a sentence
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
