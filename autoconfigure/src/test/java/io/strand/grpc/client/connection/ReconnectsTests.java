package io.strand.grpc.client.connection;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.ConnectivityState;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.strand.grpc.testing.LeakCheckExtension;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A channel whose connections fail tries again as often as it is told.
 */
@ExtendWith(LeakCheckExtension.class)
class ReconnectsTests {

	private final Reconnects reconnects = new Reconnects();

	@AfterEach
	void close() {
		this.reconnects.close();
	}

	@Test
	void anAddressIsTriedAgainAfterEachWaitAndWithoutOneAsGrpcDoes() throws Exception {
		try (DeafServer often = new DeafServer(); DeafServer seldom = new DeafServer()) {
			ManagedChannel impatient = connect(often, Duration.ofMillis(50));
			ManagedChannel patient = connect(seldom, Duration.ZERO);
			try {
				await().atMost(Duration.ofSeconds(30)).until(() -> often.connections.get() >= 20);
				// By itself gRPC tries twice in the first second and five times in ten
				assertThat(seldom.connections).hasValueBetween(1, 7);
			}
			finally {
				close(impatient);
				close(patient);
			}
		}
	}

	@Test
	void aWaitIsNotShorterThanTold() throws Exception {
		try (DeafServer server = new DeafServer()) {
			long start = System.nanoTime();
			ManagedChannel channel = connect(server, Duration.ofMillis(100));
			try {
				await().atMost(Duration.ofSeconds(30)).until(() -> server.connections.get() >= 6);
				assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(5 * 70));
			}
			finally {
				close(channel);
			}
		}
	}

	@Test
	void aChannelThatIsShutDownDoesNotConnect() throws Exception {
		try (DeafServer server = new DeafServer()) {
			ManagedChannel channel = connect(server, Duration.ofMillis(50));
			await().until(() -> server.connections.get() >= 3);
			close(channel);
			int before = server.connections.get();
			ManagedChannel other = connect(server, Duration.ofMillis(50));
			await().until(() -> server.connections.get() > before);
			close(other);
			int after = server.connections.get();
			// One may have been on its way, and a channel that goes on makes several more
			await().during(Duration.ofMillis(300)).until(() -> server.connections.get() - after <= 1);
		}
	}

	@Test
	void channelsMayOutliveIt() throws Exception {
		try (DeafServer server = new DeafServer()) {
			ManagedChannel channel = connect(server, Duration.ofMillis(50));
			await().until(() -> server.connections.get() >= 2);
			this.reconnects.close();
			await().until(() -> channel.getState(true) == ConnectivityState.TRANSIENT_FAILURE);
			close(channel);
		}
	}

	private ManagedChannel connect(DeafServer server, Duration longestWait) {
		ManagedChannel channel = build(server.port(), longestWait);
		channel.getState(true);
		return channel;
	}

	private ManagedChannel build(int port, Duration longestWait) {
		return this.reconnects
			.build(NettyChannelBuilder.forAddress("127.0.0.1", port, InsecureChannelCredentials.create()), longestWait);
	}

	private static void close(ManagedChannel channel) throws InterruptedException {
		assertThat(channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS)).isTrue();
	}

	/**
	 * Hangs up on everybody, and counts them.
	 */
	private static final class DeafServer implements AutoCloseable {

		final AtomicInteger connections = new AtomicInteger();

		private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

		DeafServer() throws IOException {
			Thread thread = new Thread(this::accept, "deaf-server");
			thread.setDaemon(true);
			thread.start();
		}

		private void accept() {
			try {
				while (true) {
					Socket client = this.listener.accept();
					this.connections.incrementAndGet();
					client.close();
				}
			}
			catch (IOException ex) {
				// Closed
			}
		}

		int port() {
			return this.listener.getLocalPort();
		}

		@Override
		public void close() throws IOException {
			this.listener.close();
		}

	}

}
