package io.strand.grpc.stream;

/**
 * Throws what callbacks of gRPC do not declare: a handler may throw anything, and the
 * engine and exception handlers should see that, not a wrapper.
 */
final class Sneaky {

	private Sneaky() {
	}

	/**
	 * Throws an exception as it is.
	 * @param <T> made to be unchecked by inference
	 * @param thrown the exception
	 * @return nothing, for a caller that the compiler wants to end with {@code throw}
	 * @throws T always
	 */
	@SuppressWarnings("unchecked")
	static <T extends Throwable> RuntimeException rethrow(Throwable thrown) throws T {
		throw (T) thrown;
	}

}
