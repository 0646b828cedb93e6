package io.strand.grpc.call;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

import io.grpc.Detachable;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import org.jspecify.annotations.Nullable;

/**
 * A large message that is read in pieces, after each of which the thread gives way to
 * others. It can still be taken as a whole, by marshallers that do. Confined to one
 * thread at a time.
 */
class PiecewiseInput extends FilterInputStream {

	/** In bytes; copied in some ten microseconds. */
	static final int PIECE = 64 * 1024;

	private int leftOfPiece = PIECE;

	private PiecewiseInput(InputStream message) {
		super(message);
	}

	/**
	 * Has a message read in pieces.
	 * @param message the message; one whose length is known and that cannot be taken as a
	 * whole is left as it is
	 * @return what to read, which is closed with the message
	 */
	static InputStream of(InputStream message) {
		if (!(message instanceof KnownLength)) {
			return new PiecewiseInput(message);
		}
		return (message instanceof Detachable && message instanceof HasByteBuffer) ? new Whole(message) : message;
	}

	@Override
	public int read() throws IOException {
		int read = this.in.read();
		if (read >= 0) {
			giveWayAfter(1);
		}
		return read;
	}

	@Override
	public int read(byte[] bytes, int offset, int length) throws IOException {
		int read = this.in.read(bytes, offset, Math.min(length, this.leftOfPiece));
		if (read > 0) {
			giveWayAfter(read);
		}
		return read;
	}

	private void giveWayAfter(int read) {
		this.leftOfPiece -= read;
		if (this.leftOfPiece == 0) {
			this.leftOfPiece = PIECE;
			Thread.yield();
		}
	}

	/** As it comes from the transport. */
	private static final class Whole extends PiecewiseInput implements KnownLength, Detachable, HasByteBuffer {

		Whole(InputStream message) {
			super(message);
		}

		@Override
		public InputStream detach() {
			return ((Detachable) this.in).detach();
		}

		@Override
		public boolean byteBufferSupported() {
			return ((HasByteBuffer) this.in).byteBufferSupported();
		}

		@Override
		public @Nullable ByteBuffer getByteBuffer() {
			return ((HasByteBuffer) this.in).getByteBuffer();
		}

	}

}
