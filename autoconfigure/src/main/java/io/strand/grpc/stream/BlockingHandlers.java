package io.strand.grpc.stream;

import io.grpc.Metadata;
import io.grpc.ServerCallHandler;
import io.grpc.Status;

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
		return new SingleRequestHandler<>((call, request) -> Answer.send(call, body.answer(request)));
	}

	/**
	 * A handler of a method whose server sends a stream.
	 * @param <Q> the type of the request
	 * @param <R> the type of the responses
	 * @param body answers a request
	 * @return the handler
	 */
	public static <Q, R> ServerCallHandler<Q, R> serverStreaming(ServerStreaming<Q, R> body) {
		return new SingleRequestHandler<>((call, request) -> {
			OutgoingStream<R> responses = new OutgoingStream<>(call);
			body.answer(request, responses);
			responses.complete();
		});
	}

	/**
	 * A handler of a method whose client sends a stream.
	 * @param <Q> the type of the requests
	 * @param <R> the type of the response
	 * @param body answers the requests
	 * @return the handler
	 */
	public static <Q, R> ServerCallHandler<Q, R> clientStreaming(ClientStreaming<Q, R> body) {
		return new RequestStreamHandler<>(
				(call, stream) -> Answer.send(call, stream.enclose(() -> body.answer(stream))));
	}

	/**
	 * A handler of a method whose client and server send streams.
	 * @param <Q> the type of the requests
	 * @param <R> the type of the responses
	 * @param body talks to the client
	 * @return the handler
	 */
	public static <Q, R> ServerCallHandler<Q, R> bidiStreaming(BidiStreaming<Q, R> body) {
		return new RequestStreamHandler<>((call, stream) -> {
			stream.enclose(() -> {
				body.talk(stream);
				return stream;
			});
			call.close(Status.OK, new Metadata());
		});
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
