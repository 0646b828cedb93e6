package io.strand.grpc.call;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

import io.grpc.MethodDescriptor.Marshaller;

/**
 * A message as it came off the wire, not decoded yet. Holds memory of the transport until
 * it is decoded or closed. Confined to one thread at a time.
 */
final class DeferredMessage {

	private final InputStream bytes;

	private final Marshaller<?> marshaller;

	private final int size;

	DeferredMessage(InputStream bytes, int size, Marshaller<?> marshaller) {
		this.bytes = bytes;
		this.size = size;
		this.marshaller = marshaller;
	}

	/**
	 * The length of the message in bytes as it came: encoded, and compressed if it was.
	 */
	int size() {
		return this.size;
	}

	/**
	 * Decodes the message and gives its memory back.
	 * @return the message
	 */
	Object decode() {
		try (InputStream stream = this.bytes) {
			return this.marshaller.parse(stream);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Gives the memory back without decoding. */
	void discard() {
		try {
			this.bytes.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
