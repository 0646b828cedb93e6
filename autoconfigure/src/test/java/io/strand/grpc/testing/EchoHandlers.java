package io.strand.grpc.testing;

import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

import io.grpc.stub.StreamObserver;

/**
 * The unmodified generated base class of the echo service, with what its methods do given
 * by a test. Without, they echo.
 */
public class EchoHandlers extends EchoGrpc.EchoImplBase {

	private BiConsumer<Message, StreamObserver<Message>> unary = EchoHandlers::echo;

	private BiConsumer<Message, StreamObserver<Message>> serverStream = EchoHandlers::echo;

	private UnaryOperator<StreamObserver<Message>> clientStream = EchoHandlers::echoLast;

	private UnaryOperator<StreamObserver<Message>> bidi = EchoHandlers::echoAll;

	public EchoHandlers unary(BiConsumer<Message, StreamObserver<Message>> handler) {
		this.unary = handler;
		return this;
	}

	public EchoHandlers serverStream(BiConsumer<Message, StreamObserver<Message>> handler) {
		this.serverStream = handler;
		return this;
	}

	public EchoHandlers clientStream(UnaryOperator<StreamObserver<Message>> handler) {
		this.clientStream = handler;
		return this;
	}

	public EchoHandlers bidi(UnaryOperator<StreamObserver<Message>> handler) {
		this.bidi = handler;
		return this;
	}

	@Override
	public void unary(Message request, StreamObserver<Message> responses) {
		this.unary.accept(request, responses);
	}

	@Override
	public void serverStream(Message request, StreamObserver<Message> responses) {
		this.serverStream.accept(request, responses);
	}

	@Override
	public StreamObserver<Message> clientStream(StreamObserver<Message> responses) {
		return this.clientStream.apply(responses);
	}

	@Override
	public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
		return this.bidi.apply(responses);
	}

	public static void echo(Message request, StreamObserver<Message> responses) {
		responses.onNext(request);
		responses.onCompleted();
	}

	public static StreamObserver<Message> echoAll(StreamObserver<Message> responses) {
		return new RequestObserver(responses::onNext, responses::onCompleted);
	}

	public static StreamObserver<Message> echoLast(StreamObserver<Message> responses) {
		Message[] last = { Message.getDefaultInstance() };
		return new RequestObserver((message) -> last[0] = message, () -> echo(last[0], responses));
	}

	/**
	 * Receives a stream of requests.
	 *
	 * @param next told each message
	 * @param completed told the half-close
	 * @param error told the end of the call
	 */
	public record RequestObserver(Consumer<Message> next, Runnable completed,
			Consumer<Throwable> error) implements StreamObserver<Message> {

		public RequestObserver(Consumer<Message> next, Runnable completed) {
			this(next, completed, (ex) -> {
			});
		}

		@Override
		public void onNext(Message message) {
			this.next.accept(message);
		}

		@Override
		public void onError(Throwable ex) {
			this.error.accept(ex);
		}

		@Override
		public void onCompleted() {
			this.completed.run();
		}

	}

}
