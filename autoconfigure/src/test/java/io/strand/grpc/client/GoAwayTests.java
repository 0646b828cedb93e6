package io.strand.grpc.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.InsecureServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A server tells its clients to go away while they call it. What it has begun it ends,
 * and what it has not gRPC sends again: no call is lost.
 */
@ExtendWith(LeakCheckExtension.class)
class GoAwayTests {

	private static final int CALLS = 1000;

	private static final Duration PATIENCE = Duration.ofSeconds(60);

	@ParameterizedTest
	@ValueSource(ints = { 1, 3 })
	void aServerThatStopsEndsAThousandCallsAndTheOtherTakesTheRest(int connections) throws Exception {
		HeldService held = new HeldService();
		try (RecordingServer first = RecordingServer.start(held);
				RecordingServer second = RecordingServer.start(held);
				FaultChannel channel = new FaultChannel(ChannelSettings.builder()
					.target("static://localhost:%d,localhost:%d".formatted(first.port(), second.port()))
					.connections(connections))) {
			// So that both have some of the thousand
			held.release();
			await().until(() -> {
				channel.blocking().unary(FaultChannel.MESSAGE);
				return !first.calls().isEmpty() && !second.calls().isEmpty();
			});
			held.hold();
			List<Future<Message>> answers = new ArrayList<>(call(channel, CALLS));
			await().atMost(PATIENCE).until(() -> held.size() == CALLS);
			CompletableFuture<Boolean> stopped = CompletableFuture.supplyAsync(() -> stop(first));
			// Some of these meet the server while it goes
			answers.addAll(call(channel, CALLS));
			await().atMost(PATIENCE).until(() -> held.size() == 2 * CALLS || answers.stream().anyMatch(Future::isDone));
			held.release();
			for (Future<Message> answer : answers) {
				assertThat(answer.get(60, TimeUnit.SECONDS)).isEqualTo(FaultChannel.MESSAGE);
			}
			assertThat(stopped.get(60, TimeUnit.SECONDS)).isTrue();
			assertThat(first.calls()).hasSizeGreaterThan(100);
		}
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 3 })
	void connectionsThatEndAtTheirAgeLoseNoCall(int connections) {
		NettyServerBuilder builder = NettyServerBuilder.forPort(0, InsecureServerCredentials.create())
			.maxConnectionAge(1, TimeUnit.SECONDS);
		try (RecordingServer server = RecordingServer.start(builder, new EchoService());
				FaultChannel channel = new FaultChannel(
						ChannelSettings.builder().target(server.target()).connections(connections))) {
			server.forgetCalls();
			AtomicInteger calls = new AtomicInteger();
			ConcurrentRun.of(16, (index) -> {
				while (calls.get() < CALLS || server.connections() < 3 + connections) {
					assertThat(channel.blocking().unary(FaultChannel.MESSAGE)).isEqualTo(FaultChannel.MESSAGE);
					calls.incrementAndGet();
				}
			}).join(Duration.ofSeconds(60));
		}
	}

	private static List<Future<Message>> call(FaultChannel channel, int count) {
		List<Future<Message>> answers = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			answers.add(channel.future().unary(FaultChannel.MESSAGE));
		}
		return answers;
	}

	private static boolean stop(RecordingServer server) {
		try {
			return server.stop(Duration.ofSeconds(60));
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
	}

	/**
	 * Answers when it is let.
	 */
	private static final class HeldService extends EchoService {

		private final ConcurrentLinkedQueue<Runnable> answers = new ConcurrentLinkedQueue<>();

		private volatile boolean holding;

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			this.answers.add(() -> super.unary(request, responses));
			if (!this.holding) {
				answer();
			}
		}

		void hold() {
			this.holding = true;
		}

		void release() {
			this.holding = false;
			answer();
		}

		private void answer() {
			for (Runnable answer = this.answers.poll(); answer != null; answer = this.answers.poll()) {
				answer.run();
			}
		}

		int size() {
			return this.answers.size();
		}

	}

}
