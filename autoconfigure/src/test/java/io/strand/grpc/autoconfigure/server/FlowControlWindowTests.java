package io.strand.grpc.autoconfigure.server;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

import com.google.protobuf.ByteString;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.RawConnection;
import io.strand.grpc.testing.RawConnection.Frame;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that a client may never send more ahead than the server was told to allow. gRPC
 * can be told to measure connections by pings, and to widen the windows of fast ones.
 */
@Timeout(120)
@ExtendWith(LeakCheckExtension.class)
class FlowControlWindowTests {

	private static final int INITIAL_WINDOW_SIZE = 4;

	/** What every connection begins with. */
	private static final int SMALLEST_WINDOW = 65_535;

	private static final int LARGEST_FRAME = 16_384;

	private static final String CLIENT_STREAM = "strand.testing.Echo/ClientStream";

	private static final int MESSAGES = 64;

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(EchoService.class, EchoService::new);

	@ParameterizedTest
	@ValueSource(ints = { 1 << 16, 1 << 20 })
	void windowsDoNotGrowForAClientThatSendsFast(int size) {
		this.runner.withPropertyValues("strand.server.limits.flow-control-window=" + size).run((context) -> {
			int port = ServerContext.server(context).getPort();
			try (RawConnection connection = RawConnection.open(port)) {
				Upload upload = new Upload(connection, size);
				byte[] message = message(128 * 1024);
				for (int i = 0; i < MESSAGES; i++) {
					upload.send(message);
				}
				assertThat(upload.end().getNumber()).as("messages that were read").isEqualTo(MESSAGES);
			}
		});
	}

	/** A message with the five bytes that go before it. */
	private static byte[] message(int size) throws IOException {
		ByteArrayOutputStream bytes = new ByteArrayOutputStream();
		DataOutputStream out = new DataOutputStream(bytes);
		Message message = Message.newBuilder().setPayload(ByteString.copyFrom(new byte[size])).build();
		out.writeByte(0);
		out.writeInt(message.getSerializedSize());
		message.writeTo(out);
		return bytes.toByteArray();
	}

	/**
	 * A call that sends as much as it may before it looks at what the server says: so a
	 * ping is answered when a whole window has been received since.
	 */
	private static final class Upload {

		private final RawConnection connection;

		private final int size;

		private final int stream;

		private int connectionWindow = SMALLEST_WINDOW;

		private int streamWindow;

		Upload(RawConnection connection, int size) throws IOException {
			this.connection = connection;
			this.size = size;
			this.streamWindow = initialWindow(connection.read());
			assertThat(this.streamWindow).isEqualTo(size);
			this.stream = connection.headers(CLIENT_STREAM);
		}

		private static int initialWindow(Frame first) {
			assertThat(first.type()).isEqualTo(RawConnection.SETTINGS);
			ByteBuffer settings = ByteBuffer.wrap(first.payload());
			while (settings.getShort() != INITIAL_WINDOW_SIZE) {
				settings.getInt();
			}
			return settings.getInt();
		}

		void send(byte[] bytes) throws IOException {
			int sent = 0;
			while (sent < bytes.length) {
				int window = Math.min(this.connectionWindow, this.streamWindow);
				if (window == 0) {
					hear();
					continue;
				}
				int length = Math.min(Math.min(window, LARGEST_FRAME), bytes.length - sent);
				this.connection.write(RawConnection.DATA, 0, this.stream,
						Arrays.copyOfRange(bytes, sent, sent + length));
				this.connectionWindow -= length;
				this.streamWindow -= length;
				sent += length;
			}
		}

		/** Half-closes the call, and reads the response. */
		Message end() throws IOException {
			this.connection.write(RawConnection.DATA, RawConnection.END_STREAM, this.stream);
			Frame frame = hear();
			while (frame.type() != RawConnection.DATA) {
				frame = hear();
			}
			return Message.parseFrom(ByteString.copyFrom(frame.payload()).substring(5));
		}

		private Frame hear() throws IOException {
			Frame frame = this.connection.read();
			assertThat(frame.type()).as("neither a measurement nor a change")
				.isNotIn(RawConnection.PING, RawConnection.SETTINGS);
			if (frame.type() == RawConnection.WINDOW_UPDATE) {
				int more = ByteBuffer.wrap(frame.payload()).getInt();
				if (frame.stream() == 0) {
					this.connectionWindow += more;
				}
				else {
					this.streamWindow += more;
				}
				assertThat(this.connectionWindow).as("window of the connection").isLessThanOrEqualTo(this.size);
				assertThat(this.streamWindow).as("window of the stream").isLessThanOrEqualTo(this.size);
			}
			return frame;
		}

	}

}
