package io.strand.grpc.service.validation;

import java.time.Duration;
import java.util.Iterator;
import java.util.stream.Stream;

import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.Receiving;
import jakarta.validation.ValidationException;
import org.jspecify.annotations.Nullable;

/**
 * Stands for a stream when the validator is given the arguments of a method, and holds
 * the message that is to be validated. As a stream it is of no use.
 *
 * @param message the message, or {@code null} to find out whether the validator knows
 * {@link StreamMessages}
 */
record ReceivedMessage(@Nullable Object message) implements BidiStream<Object, Object> {

	@Override
	public Iterator<Object> iterator() {
		throw refused();
	}

	@Override
	public Object receive() {
		throw refused();
	}

	@Override
	public Object receive(Duration timeout) {
		throw refused();
	}

	@Override
	public Stream<Object> stream() {
		throw refused();
	}

	@Override
	public Receiving receiveEach(Consumer<? super Object> consumer) {
		throw refused();
	}

	@Override
	public void send(Object message) {
		throw refused();
	}

	@Override
	public GrpcCall call() {
		throw refused();
	}

	private static ValidationException refused() {
		return new ValidationException(
				"The validator does not know %s, which META-INF/services has as a value extractor."
					.formatted(StreamMessages.class.getName()));
	}

}
