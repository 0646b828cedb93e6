package io.strand.grpc.call;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

import io.grpc.Detachable;
import io.grpc.MethodDescriptor.Marshaller;

/**
 * Puts off the decoding of requests until they are off the transport's thread, where the
 * transport lets go of a message's bytes: plain ones ({@link Detachable}) and compressed
 * ones ({@link DeferredInflation}). In-process there is nothing to decode. Thread-safe.
 */
final class DeferringMarshaller implements Marshaller<Object> {

	private final Marshaller<?> delegate;

	DeferringMarshaller(Marshaller<?> delegate) {
		this.delegate = delegate;
	}

	@Override
	public Object parse(InputStream stream) {
		try {
			if (stream instanceof Detachable detachable) {
				int size = stream.available();
				return DeferredMessage.plain(detachable.detach(), size, this.delegate);
			}
			DeferredInflation compressed = DeferredInflation.keep(stream);
			return (compressed != null) ? DeferredMessage.compressed(stream, compressed.compressedSize(), this.delegate)
					: this.delegate.parse(stream);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Override
	@SuppressWarnings("unchecked")
	public InputStream stream(Object message) {
		// Only in-process, where a message may be streamed before it reaches the server
		return ((Marshaller<Object>) this.delegate).stream(message);
	}

}
