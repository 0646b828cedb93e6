package io.strand.grpc.stream;

import io.grpc.ServerCallHandler;

/**
 * Turns blocking code into handlers of gRPC methods: the code is called once per call, on
 * the call's thread, and the call ends when it returns or throws.
 */
public final class BlockingHandlers {

	private BlockingHandlers() {
	}

	/**
	 * A handler of a unary method.
	 * @param <Q> the type of the request
	 * @param <R> the type of the response
	 * @param body answers a request
	 * @return the handler
	 */
	public static <Q, R> ServerCallHandler<Q, R> unary(Unary<Q, R> body) {
		throw new UnsupportedOperationException();
	}

	/**
	 * A handler of a method whose server sends a stream.
	 * @param <Q> the type of the request
	 * @param <R> the type of the responses
	 * @param body answers a request
	 * @return the handler
	 */
	public static <Q, R> ServerCallHandler<Q, R> serverStreaming(ServerStreaming<Q, R> body) {
		throw new UnsupportedOperationException();
	}

	/**
	 * A handler of a method whose client sends a stream.
	 * @param <Q> the type of the requests
	 * @param <R> the type of the response
	 * @param body answers the requests
	 * @return the handler
	 */
	public static <Q, R> ServerCallHandler<Q, R> clientStreaming(ClientStreaming<Q, R> body) {
		throw new UnsupportedOperationException();
	}

	/**
	 * A handler of a method whose client and server send streams.
	 * @param <Q> the type of the requests
	 * @param <R> the type of the responses
	 * @param body talks to the client
	 * @return the handler
	 */
	public static <Q, R> ServerCallHandler<Q, R> bidiStreaming(BidiStreaming<Q, R> body) {
		throw new UnsupportedOperationException();
	}

	/**
	 * Answers a request.
	 *
	 * @param <Q> the type of the request
	 * @param <R> the type of the response
	 */
	@FunctionalInterface
	public interface Unary<Q, R> {

		R answer(Q request) throws Throwable;

	}

	/**
	 * Answers a request with a stream.
	 *
	 * @param <Q> the type of the request
	 * @param <R> the type of the responses
	 */
	@FunctionalInterface
	public interface ServerStreaming<Q, R> {

		void answer(Q request, ServerStream<R> responses) throws Throwable;

	}

	/**
	 * Answers a stream of requests.
	 *
	 * @param <Q> the type of the requests
	 * @param <R> the type of the response
	 */
	@FunctionalInterface
	public interface ClientStreaming<Q, R> {

		R answer(ClientStream<Q> requests) throws Throwable;

	}

	/**
	 * Talks to a client.
	 *
	 * @param <Q> the type of the requests
	 * @param <R> the type of the responses
	 */
	@FunctionalInterface
	public interface BidiStreaming<Q, R> {

		void talk(BidiStream<Q, R> stream) throws Throwable;

	}

}
