package io.strand.grpc.autoconfigure.health;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A process with calls and streams in flight that gets a SIGTERM. Fails if anything is
 * lost.
 *
 * @param told how long after the signal a watcher was told NOT_SERVING
 * @param ended how long after the last answer the process had ended
 */
record SigtermRun(Duration told, Duration ended) {

	private static final int CALLS = 200;

	private static final int STREAMS = 50;

	static SigtermRun in(Path directory) throws Exception {
		Path output = directory.resolve("output");
		// What the handlers call while the application stops
		Server counter = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
			.addService(new CounterService())
			.build()
			.start();
		Process process = start(output, counter.getPort());
		try (TestClient client = TestClient.tcp(port(process, output))) {
			await().until(() -> client.channel().getState(true) == ConnectivityState.READY);
			List<ListenableFuture<Message>> calls = calls(client);
			List<BlockingClientCall<Message, Message>> streams = streams(client);
			await().atMost(Duration.ofSeconds(60))
				.until(() -> Files.readString(output).contains(SigtermApplication.IN_FLIGHT + CALLS));
			BlockingClientCall<?, HealthCheckResponse> watch = HealthContext.watch(client.channel(), "");
			assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.SERVING);

			long start = System.nanoTime();
			process.destroy(); // which is a SIGTERM
			assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.NOT_SERVING);
			long told = System.nanoTime();
			assertThat(HealthContext.check(client, "strand.testing.Echo")).isEqualTo(ServingStatus.NOT_SERVING);
			assertThat(HealthContext.next(watch)).isNull();
			for (int i = 0; i < STREAMS; i++) {
				assertThat(streams.get(i).read()).isEqualTo(message("going"));
				streams.get(i).write(message("bye " + i));
				streams.get(i).halfClose();
				assertThat(streams.get(i).read()).isEqualTo(message("bye " + i));
				assertThat(streams.get(i).read()).isNull();
			}
			Set<Integer> numbers = new HashSet<>();
			for (int i = 0; i < CALLS; i++) {
				Message answer = calls.get(i).get(30, TimeUnit.SECONDS);
				assertThat(answer.getText()).isEqualTo("call " + i);
				numbers.add(answer.getNumber());
			}
			assertThat(numbers).hasSize(CALLS);
			long last = System.nanoTime();
			assertThat(process.waitFor(20, TimeUnit.SECONDS)).as(Files.readString(output)).isTrue();
			long ended = System.nanoTime();
			assertThat(process.exitValue()).isEqualTo(128 + 15);
			assertThat(Files.readString(output)).doesNotContain("ERROR", "Exception", "are cancelled");
			return new SigtermRun(Duration.ofNanos(told - start), Duration.ofNanos(ended - last));
		}
		finally {
			process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
			counter.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
		}
	}

	private static List<ListenableFuture<Message>> calls(TestClient client) {
		List<ListenableFuture<Message>> calls = new ArrayList<>();
		for (int i = 0; i < CALLS; i++) {
			calls.add(EchoGrpc.newFutureStub(client.channel())
				.withDeadlineAfter(120, TimeUnit.SECONDS)
				.unary(message("call " + i)));
		}
		return calls;
	}

	private static List<BlockingClientCall<Message, Message>> streams(TestClient client) throws Exception {
		List<BlockingClientCall<Message, Message>> streams = new ArrayList<>();
		for (int i = 0; i < STREAMS; i++) {
			BlockingClientCall<Message, Message> stream = EchoGrpc.newBlockingV2Stub(client.channel())
				.withDeadlineAfter(120, TimeUnit.SECONDS)
				.bidi();
			stream.write(message("hello"));
			assertThat(stream.read()).isEqualTo(message("hello"));
			streams.add(stream);
		}
		return streams;
	}

	private static Process start(Path output, int counterPort) throws Exception {
		return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
				System.getProperty("java.class.path"), SigtermApplication.class.getName(),
				"--spring.docker.compose.enabled=false", "--strand.server.port=0",
				"--strand.server.shutdown-drain-delay=3s", "--strand.server.handler.platform.max-threads=300",
				"--strand.client.channels.default.target=static://127.0.0.1:" + counterPort)
			.redirectErrorStream(true)
			.redirectOutput(output.toFile())
			.start();
	}

	private static int port(Process process, Path output) {
		return await().atMost(Duration.ofSeconds(60)).until(() -> {
			assertThat(process.isAlive()).as(Files.readString(output)).isTrue();
			for (String line : Files.readAllLines(output)) {
				if (line.startsWith(SigtermApplication.PORT)) {
					return Integer.parseInt(line.substring(SigtermApplication.PORT.length()));
				}
			}
			return 0;
		}, (port) -> port != 0);
	}

	private static Message message(String text) {
		return Message.newBuilder().setText(text).build();
	}

	@Override
	public String toString() {
		return "SIGTERM: NOT_SERVING after %d ms, ended %d ms after the last call".formatted(this.told.toMillis(),
				this.ended.toMillis());
	}

}
