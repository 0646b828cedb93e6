package io.strand.grpc.stream;

import java.time.Duration;
import java.util.Iterator;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.Receiver;
import org.jspecify.annotations.Nullable;

/**
 * Receives what the callbacks of the call bring. Thread-safe, but for its iterators.
 */
class IncomingStream<Q> implements ClientStream<Q> {

	private final Receiver<Q> receiver;

	private final ReceivingThreads threads;

	IncomingStream(Receiver<Q> receiver) {
		this.receiver = receiver;
		this.threads = new ReceivingThreads(receiver);
	}

	@Override
	public final @Nullable Q receive() {
		return this.receiver.receive();
	}

	@Override
	public final @Nullable Q receive(Duration timeout) throws TimeoutException {
		return this.receiver.receive(nanos(timeout));
	}

	static long nanos(Duration timeout) {
		try {
			return timeout.toNanos();
		}
		catch (ArithmeticException ex) {
			return timeout.isNegative() ? 0 : Long.MAX_VALUE; // 292 years
		}
	}

	@Override
	public final Iterator<Q> iterator() {
		return new MessageIterator<>(this::receive, "The client has sent its last message");
	}

	@Override
	public final Stream<Q> stream() {
		return StreamSupport
			.stream(Spliterators.spliteratorUnknownSize(iterator(), Spliterator.ORDERED | Spliterator.NONNULL), false);
	}

	@Override
	public final Receiving receiveEach(Consumer<? super Q> consumer) {
		return this.threads.start(() -> {
			Q message = receive();
			while (message != null) {
				consumer.accept(message);
				message = receive();
			}
		});
	}

	@Override
	public final GrpcCall call() {
		return this.receiver.call();
	}

	/**
	 * Runs what uses this stream, and ends its threads with it. Throws what refused a
	 * message, also if the body took no notice: its answer is to a part of the requests.
	 */
	final <T extends @Nullable Object> T enclose(ReceivingThreads.Body<T> body) throws Throwable {
		T result = this.threads.enclose(body);
		this.receiver.refuseIfFailed();
		return result;
	}

}
