package io.strand.grpc.autoconfigure.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;

import io.grpc.StatusRuntimeException;
import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * {@code max-reconnect-backoff} is how long a channel waits, also if it is inherited.
 */
@ExtendWith(LeakCheckExtension.class)
class ReconnectPropertyTests {

	@Test
	void aChannelTriesAsOftenAsItIsTold() throws IOException {
		try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
			server.setSoTimeout(30_000);
			ClientContext.runner()
				.withPropertyValues("strand.client.channels.default.max-reconnect-backoff=20ms",
						"strand.client.channels.echo.target=127.0.0.1:" + server.getLocalPort())
				.withBean(Caller.class)
				.run((context) -> {
					EchoBlockingStub stub = context.getBean(Caller.class).stub;
					Thread caller = new Thread(() -> assertThatExceptionOfType(StatusRuntimeException.class)
						.isThrownBy(() -> stub.unary(Message.getDefaultInstance())));
					caller.start();
					long start = System.nanoTime();
					for (int i = 0; i < 10; i++) {
						try (Socket connection = server.accept()) {
							assertThat(connection.isConnected()).isTrue();
						}
					}
					// By itself gRPC would take 2 minutes and more for ten
					assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
					caller.join(10_000);
				});
		}
	}

	@Test
	void aNegativeTimeIsRefused() {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.echo.target=localhost:1",
					"strand.client.channels.echo.max-reconnect-backoff=-1s")
			.run((context) -> assertThat(context.getStartupFailure()).rootCause()
				.isInstanceOf(ChannelConfigurationException.class)
				.hasMessageContaining("PT-1S")
				.hasMessageContaining("strand.client.channels.echo.max-reconnect-backoff"));
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

}
