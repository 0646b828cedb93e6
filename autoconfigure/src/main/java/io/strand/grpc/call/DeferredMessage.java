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

	/**
	 * From how many bytes on a message takes long to decode: much longer than it takes to
	 * have another thread do it.
	 */
	static final int LARGE = 256 * 1024;

	/**
	 * Of a compressed one, each of whose bytes takes longer and becomes several, most
	 * often less than ten.
	 */
	static final int LARGE_COMPRESSED = LARGE / 16;

	private final InputStream bytes;

	private final Marshaller<?> marshaller;

	private final int size;

	private final boolean large;

	private DeferredMessage(InputStream bytes, int size, boolean large, Marshaller<?> marshaller) {
		this.bytes = bytes;
		this.size = size;
		this.large = large;
		this.marshaller = marshaller;
	}

	static DeferredMessage plain(InputStream bytes, int size, Marshaller<?> marshaller) {
		return new DeferredMessage(bytes, size, size >= LARGE, marshaller);
	}

	static DeferredMessage compressed(InputStream bytes, int size, Marshaller<?> marshaller) {
		return new DeferredMessage(bytes, size, size >= LARGE_COMPRESSED, marshaller);
	}

	/**
	 * The length of the message in bytes as it came: encoded, and compressed if it was.
	 */
	int size() {
		return this.size;
	}

	/** Whether decoding it takes long. */
	boolean isLarge() {
		return this.large;
	}

	/**
	 * Decodes the message and gives its memory back.
	 * @return the message
	 */
	Object decode() {
		return decode(this.bytes);
	}

	/**
	 * As {@link #decode}, but gives way to other threads now and then.
	 * @return the message
	 */
	Object decodeInPieces() {
		return decode(PiecewiseInput.of(this.bytes));
	}

	private Object decode(InputStream input) {
		try (InputStream stream = input) {
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
