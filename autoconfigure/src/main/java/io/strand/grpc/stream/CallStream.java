package io.strand.grpc.stream;

import io.strand.grpc.call.Receiver;

/**
 * Both directions of a call. Thread-safe.
 */
final class CallStream<Q, R> extends IncomingStream<Q> implements BidiStream<Q, R> {

	private final java.util.function.Consumer<R> sender;

	CallStream(Receiver<Q> receiver, java.util.function.Consumer<R> sender) {
		super(receiver);
		this.sender = sender;
	}

	@Override
	public void send(R message) {
		this.sender.accept(message);
	}

}
