package io.strand.grpc.call;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

import io.grpc.Detachable;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a marshaller reads of a large message.
 */
class PiecewiseInputTests {

	private final byte[] bytes = new byte[3 * PiecewiseInput.PIECE + 17];

	PiecewiseInputTests() {
		new Random(42).nextBytes(this.bytes);
	}

	@Test
	void isReadInPiecesThatAreTheWhole() throws IOException {
		InputStream input = PiecewiseInput.of(new ByteArrayInputStream(this.bytes));
		byte[] read = new byte[this.bytes.length + 1];
		read[0] = (byte) input.read();
		assertThat(input.read(read, 1, this.bytes.length)).isEqualTo(PiecewiseInput.PIECE - 1);
		int count = PiecewiseInput.PIECE;
		assertThat(input.read(read, count, 10)).isEqualTo(10);
		count += 10;
		assertThat(input.read(read, count, read.length - count)).isEqualTo(PiecewiseInput.PIECE - 10);
		count += PiecewiseInput.PIECE - 10;
		assertThat(input.readNBytes(read, count, read.length - count)).isEqualTo(this.bytes.length - count);
		assertThat(input.read()).isEqualTo(-1);
		assertThat(input.read(read, 0, 1)).isEqualTo(-1);
		assertThat(Arrays.copyOf(read, this.bytes.length)).isEqualTo(this.bytes);
	}

	@Test
	void whatTheTransportOffersIsStillOffered() throws IOException {
		Buffer buffer = new Buffer(this.bytes);
		InputStream input = PiecewiseInput.of(buffer);
		assertThat(input).isInstanceOf(KnownLength.class);
		assertThat(input.available()).isEqualTo(this.bytes.length);
		assertThat(((HasByteBuffer) input).byteBufferSupported()).isTrue();
		assertThat(((HasByteBuffer) input).getByteBuffer()).isEqualTo(ByteBuffer.wrap(this.bytes));
		assertThat(((Detachable) input).detach()).isSameAs(buffer);
	}

	@Test
	void aLengthIsNotClaimedWhereItIsNotKnown() {
		assertThat(PiecewiseInput.of(new ByteArrayInputStream(this.bytes))).isNotInstanceOf(KnownLength.class);
	}

	@Test
	void isClosedWithTheMessage() throws IOException {
		Buffer buffer = new Buffer(this.bytes);
		PiecewiseInput.of(buffer).close();
		assertThat(buffer.closed).isTrue();
	}

	private static final class Buffer extends ByteArrayInputStream implements KnownLength, Detachable, HasByteBuffer {

		private boolean closed;

		Buffer(byte[] bytes) {
			super(bytes);
		}

		@Override
		public InputStream detach() {
			return this;
		}

		@Override
		public boolean byteBufferSupported() {
			return true;
		}

		@Override
		public ByteBuffer getByteBuffer() {
			return ByteBuffer.wrap(this.buf);
		}

		@Override
		public void close() {
			this.closed = true;
		}

	}

}
