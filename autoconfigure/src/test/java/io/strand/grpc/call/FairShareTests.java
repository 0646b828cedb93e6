package io.strand.grpc.call;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What clients get of a limit that one of them would use up.
 */
@Timeout(60)
class FairShareTests extends HandlerTestBase {

	private final Queue<StreamObserver<Message>> open = new ConcurrentLinkedQueue<>();

	private final List<ManagedChannel> channels = new ArrayList<>();

	@AfterEach
	void endCalls() throws Exception {
		this.open.forEach((responses) -> EchoHandlers.echo(text("late"), responses));
		for (ManagedChannel channel : this.channels) {
			channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
		}
	}

	@Test
	void greedyClientLeavesTheLastTenthToOthers() {
		CallLimit limit = CallLimit.shared("server", 1000);
		EngineServer server = serve(Kind.STRAND_NETTY, with(Duration.ZERO, limit),
				new EchoHandlers().unary((request, responses) -> this.open.add(responses)));
		ManagedChannel greedy = channel(server);
		List<Outcome> calls = new ArrayList<>();
		for (int i = 0; i < 1200; i++) {
			calls.add(Outcome.of(greedy, UNARY, soon(), text("greedy")));
		}
		await().until(() -> this.open.size() == 900);
		// Which ones are refused is not said: they arrive in any order
		await().until(() -> calls.stream().filter(Outcome::isEnded).count() == 300);
		Outcome refused = calls.stream().filter(Outcome::isEnded).findAny().orElseThrow();
		assertThat(refused.status().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
		assertThat(refused.status().getDescription())
			.contains("server: running=900, limit=1000, the last 100 for connections with fewer than 10 calls running");
		Outcome modest = Outcome.of(channel(server), UNARY, soon(), text("modest"));
		await().until(() -> this.open.size() == 901);
		assertThat(modest.isEnded()).isFalse();
	}

	@Test
	void clientThatBecomesGreedyIsStoppedToo() {
		CallLimit limit = CallLimit.shared("server", 1000);
		EngineServer server = serve(Kind.STRAND_NETTY, with(Duration.ZERO, limit),
				new EchoHandlers().unary((request, responses) -> this.open.add(responses)));
		for (int i = 0; i < 9; i++) {
			ManagedChannel channel = channel(server);
			for (int call = 0; call < 100; call++) {
				Outcome.of(channel, UNARY, soon(), text("many"));
			}
		}
		await().until(() -> this.open.size() == 900);
		ManagedChannel another = channel(server);
		await().pollInterval(Duration.ofMillis(10))
			.until(() -> Outcome.of(another, UNARY, soon(), text("one more")), Outcome::isEnded);
		assertThat(this.open.size()).isBetween(910, 990);
	}

	@Test
	void smallLimitIsForAnybody() {
		assertThat(CallLimit.shared("server", 999).isScarce()).isFalse();
		CallLimit limit = CallLimit.shared("server", 999);
		for (int i = 0; i < 999; i++) {
			assertThat(limit.isScarce()).isFalse();
			assertThat(limit.tryAcquire()).isTrue();
		}
		assertThat(limit.tryAcquire()).isFalse();
		assertThat(limit).hasToString("server: running=999, limit=999");
	}

	private ManagedChannel channel(EngineServer server) {
		ManagedChannel channel = server.newChannel(UnaryOperator.identity());
		this.channels.add(channel);
		return channel;
	}

}
