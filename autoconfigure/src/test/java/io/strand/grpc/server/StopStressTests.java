package io.strand.grpc.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.RawConnection;
import io.strand.grpc.testing.RawConnection.Frame;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a stop of {@link GrpcServer} does in time: the patience it has with slow clients,
 * and the haste with others.
 */
@Tag("stress")
@Timeout(120)
@ExtendWith(LeakCheckExtension.class)
class StopStressTests {

	private static final int LARGE = 512 * 1024;

	private final EchoHandlers handlers = new EchoHandlers();

	private final CallEngine engine = new CallEngine((method) -> HandlerSettings.DEFAULT, true, 100);

	private final GrpcServer server = new GrpcServer(
			new GrpcServerSettings(0, null, null, null, null, null, null, Duration.ofSeconds(60), Duration.ZERO),
			List.of(this.engine.prepare(this.handlers.bindService())), (builder) -> {
			}, this.engine, (event) -> {
			});

	@AfterEach
	void stopServer() {
		this.server.stop();
		this.engine.close();
	}

	@Test
	@DisplayName("H9: a client that takes seconds for what the system holds of its answer gets all of it")
	@EnabledOnOs(OS.LINUX)
	void aSlowClientGetsAllOfItsAnswer() throws Exception {
		Message large = Message.newBuilder().setText("x".repeat(LARGE)).build();
		CountDownLatch entered = new CountDownLatch(1);
		this.handlers.serverStream((request, responses) -> {
			entered.countDown();
			EchoHandlers.echo(large, responses);
		});
		this.server.start();
		try (RawConnection client = slowClient()) {
			client.call("strand.testing.Echo/ServerStream");
			assertThat(entered.await(20, TimeUnit.SECONDS)).isTrue();
			CompletableFuture<Void> stopped = CompletableFuture.runAsync(this.server::stop);
			int received = 0;
			for (int i = 0; i < 30; i++) {
				TimeUnit.MILLISECONDS.sleep(100);
				received += dataOf(client.read());
			}
			client.write(RawConnection.WINDOW_UPDATE, 0, 0, RawConnection.intPayload(1));
			for (Frame frame : client.readAll()) {
				received += dataOf(frame);
			}
			assertThat(received).isGreaterThan(LARGE);
			client.close();
			stopped.get(20, TimeUnit.SECONDS);
		}
	}

	private RawConnection slowClient() throws IOException {
		Socket socket = new Socket();
		socket.setReceiveBufferSize(16 * 1024);
		socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), this.server.getPort()));
		RawConnection client = RawConnection.open(socket, 4, Integer.MAX_VALUE);
		client.write(RawConnection.WINDOW_UPDATE, 0, 0, RawConnection.intPayload(1 << 30));
		return client;
	}

	private static int dataOf(Frame frame) {
		return (frame.type() == RawConnection.DATA) ? frame.payload().length : 0;
	}

	@Test
	@DisplayName("H9: idle clients, which close when they are told to, are not waited for")
	void idleClientsAreNotWaitedFor() {
		List<Duration> lasted = new ArrayList<>();
		for (int round = 0; round < 10; round++) {
			this.server.start();
			List<TestClient> clients = new ArrayList<>();
			for (int i = 0; i < 10; i++) {
				TestClient client = TestClient.tcp(this.server.getPort());
				client.echo("hello");
				clients.add(client);
			}
			long start = System.nanoTime();
			this.server.stop();
			lasted.add(Duration.ofNanos(System.nanoTime() - start));
			clients.forEach(TestClient::close);
		}
		System.out.println("@@ Stops with ten idle clients: " + lasted);
		assertThat(lasted).anyMatch((duration) -> duration.toMillis() < 100);
	}

}
