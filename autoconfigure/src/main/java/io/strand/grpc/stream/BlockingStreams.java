package io.strand.grpc.stream;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.Receiver;

/**
 * Blocking code inside of the generated {@code …ImplBase}, for methods whose client sends
 * a stream:
 *
 * <pre>{@code
 * public StreamObserver<Line> chat(StreamObserver<Line> responses) {
 * 	return BlockingStreams.talk(responses, (stream) -> {
 * 		for (Line line : stream) {
 * 			stream.send(answer(line));
 * 		}
 * 	});
 * }
 * }</pre>
 *
 * The code runs once per call, on the call's thread, after the method has returned. The
 * call ends when it returns or throws.
 */
public final class BlockingStreams {

	private BlockingStreams() {
	}

	/**
	 * Answers a stream of requests with one message.
	 * @param <Q> the type of the requests
	 * @param <R> the type of the response
	 * @param responses what the generated method was given
	 * @param body answers the requests
	 * @return what the generated method shall return
	 */
	public static <Q, R> StreamObserver<Q> answer(StreamObserver<R> responses,
			BlockingHandlers.ClientStreaming<Q, R> body) {
		Receiver<Q> receiver = receiver(responses);
		CallStream<Q, R> stream = new CallStream<>(receiver, responses::onNext);
		return observer(receiver, responses, () -> {
			R answer = stream.enclose(() -> body.answer(stream));
			if (answer == null) {
				throw Answer.missing(receiver.call().method().getFullMethodName());
			}
			responses.onNext(answer);
			responses.onCompleted();
		});
	}

	/**
	 * Talks to a client in both directions.
	 * @param <Q> the type of the requests
	 * @param <R> the type of the responses
	 * @param responses what the generated method was given
	 * @param body talks to the client
	 * @return what the generated method shall return
	 */
	public static <Q, R> StreamObserver<Q> talk(StreamObserver<R> responses,
			BlockingHandlers.BidiStreaming<Q, R> body) {
		Receiver<Q> receiver = receiver(responses);
		CallStream<Q, R> stream = new CallStream<>(receiver, responses::onNext);
		return observer(receiver, responses, () -> {
			stream.enclose(() -> {
				body.talk(stream);
				return stream;
			});
			if (!receiver.isEnded()) {
				responses.onCompleted();
			}
		});
	}

	private static <Q> Receiver<Q> receiver(StreamObserver<?> responses) {
		ServerCallStreamObserver<?> call = callOf(responses);
		call.disableAutoRequest();
		return Receiver.current(call::request);
	}

	private static <Q> StreamObserver<Q> observer(Receiver<Q> receiver, StreamObserver<?> responses,
			BodyStart.Body body) {
		BodyStart start = new BodyStart(receiver, body);
		callOf(responses).setOnReadyHandler(start::once);
		return new StreamObserver<>() {

			@Override
			public void onNext(Q message) {
				receiver.add(message);
				start.once();
			}

			@Override
			public void onCompleted() {
				receiver.halfClose();
				start.once();
			}

			@Override
			public void onError(Throwable ex) {
				// The receiver knows from the call itself
			}

		};
	}

	private static ServerCallStreamObserver<?> callOf(StreamObserver<?> responses) {
		if (responses instanceof ServerCallStreamObserver<?> call) {
			return call;
		}
		throw new IllegalArgumentException(("A blocking stream needs the StreamObserver that the generated method was"
				+ " given, not %s: pass it on as it is")
			.formatted(responses.getClass().getName()));
	}

}
