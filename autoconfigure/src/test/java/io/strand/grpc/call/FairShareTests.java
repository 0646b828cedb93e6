package io.strand.grpc.call;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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
		List<Outcome> more = new ArrayList<>();
		await().pollInterval(Duration.ofMillis(10)).until(() -> {
			more.add(Outcome.of(another, UNARY, soon(), text("one more")));
			return more.stream().anyMatch(Outcome::isEnded);
		});
		await().untilAsserted(() -> assertThat(this.open).hasSize(910));
	}

	@Test
	void clientThatCallsALotAtOnceGetsItsShareOnly() {
		CallLimit limit = CallLimit.shared("server", 1000);
		EngineServer server = serve(Kind.STRAND_NETTY, with(Duration.ZERO, limit),
				new EchoHandlers().unary((request, responses) -> this.open.add(responses)));
		hold(channel(server), 899);
		await().until(() -> this.open.size() == 899);
		ManagedChannel another = channel(server);
		List<Outcome> burst = new ArrayList<>();
		for (int i = 0; i < 500; i++) {
			burst.add(Outcome.of(another, UNARY, in(40_000), text("burst")));
		}
		await().atMost(Duration.ofSeconds(30)).until(() -> burst.stream().filter(Outcome::isEnded).count() == 490);
		// Some are told that they are refused before others begin to run
		await().untilAsserted(() -> assertThat(this.open).hasSize(909));
		Outcome modest = Outcome.of(channel(server), UNARY, in(40_000), text("modest"));
		await().until(() -> this.open.size() == 910);
		assertThat(modest.isEnded()).isFalse();
	}

	@Test
	void callsThatHaveEndedDoNotCount() {
		CallLimit limit = CallLimit.shared("server", 1000);
		EngineServer server = serve(Kind.STRAND_NETTY, with(Duration.ZERO, limit),
				new EchoHandlers().unary(this::holdOrEcho));
		hold(channel(server), 900);
		await().until(() -> this.open.size() == 900);
		ManagedChannel modest = channel(server);
		for (int i = 0; i < 500; i++) {
			Outcome outcome = Outcome.of(modest, UNARY, soon(), text("modest"));
			assertThat(outcome.status().isOk()).as("%d: %s", i, outcome.status()).isTrue();
		}
	}

	@Test
	void callsWithoutLimitsDoNotCount() {
		CallLimit limit = CallLimit.shared("server", 1000);
		EngineServer server = serve(Kind.STRAND_NETTY,
				(method) -> method.equals(UNARY) ? with(Duration.ZERO, limit) : HandlerSettings.DEFAULT, 1, List.of(),
				new EchoHandlers().unary(this::holdOrEcho));
		hold(channel(server), 900);
		await().until(() -> this.open.size() == 900);
		ManagedChannel modest = channel(server);
		for (int i = 0; i < 50; i++) {
			if (i == 25) {
				// So that they are counted anew
				await().pollDelay(FairShare.GOOD_FOR.plusMillis(1)).until(() -> true);
			}
			// Goes on to run, and arrives before the next
			Outcome.open(modest, BIDI, in(40_000));
			Outcome outcome = Outcome.of(modest, UNARY, soon(), text("modest"));
			assertThat(outcome.status().isOk()).as("%d: %s", i, outcome.status()).isTrue();
		}
	}

	@Test
	void callThatWaitsForItsShareGoesOnWhenTheShareIsFree() {
		CallLimit limit = CallLimit.shared("server", 1000);
		Queue<StreamObserver<Message>> ofModest = new ConcurrentLinkedQueue<>();
		EngineServer server = serve(Kind.STRAND_NETTY, with(Duration.ofSeconds(30), limit), new EchoHandlers()
			.unary((request, responses) -> (request.equals(text("modest")) ? ofModest : this.open).add(responses)));
		hold(channel(server), 900);
		await().until(() -> this.open.size() == 900);
		ManagedChannel modest = channel(server);
		callUntilOneWaits(server, limit, modest, "modest");
		// All at once, so that who gives a place back still believes the share used up
		await().until(() -> ofModest.size() == limit.running() - 900);
		List<StreamObserver<Message>> running = List.copyOf(ofModest);
		running.forEach((responses) -> EchoHandlers.echo(text("done"), responses));
		await().atMost(Duration.ofSeconds(10)).until(() -> ofModest.size() == running.size() + 1);
	}

	@Test
	void callThatWaitsForItsShareHoldsUpNobody() {
		CallLimit limit = CallLimit.shared("server", 1000);
		EngineServer server = serve(Kind.STRAND_NETTY, with(Duration.ofSeconds(30), limit),
				new EchoHandlers().unary((request, responses) -> this.open.add(responses)));
		ManagedChannel greedy = channel(server);
		hold(greedy, 900);
		await().until(() -> this.open.size() == 900);
		callUntilOneWaits(server, limit, greedy, "greedy");
		while (limit.running() < 1000) {
			int more = Math.min(5, 1000 - limit.running());
			int before = limit.running();
			hold(channel(server), more);
			await().until(() -> limit.running() == before + more);
		}
		Outcome modest = Outcome.of(channel(server), UNARY, soon(), text("modest"));
		await().until(() -> server.engine().waitingCalls() == 2);
		EchoHandlers.echo(text("done"), Objects.requireNonNull(this.open.poll()));
		await().until(() -> server.engine().waitingCalls() == 1);
		assertThat(modest.isEnded()).isFalse();
	}

	private void holdOrEcho(Message request, StreamObserver<Message> responses) {
		if (request.equals(text("held"))) {
			this.open.add(responses);
		}
		else {
			EchoHandlers.echo(request, responses);
		}
	}

	private static void hold(ManagedChannel channel, int count) {
		for (int i = 0; i < count; i++) {
			Outcome.of(channel, UNARY, in(40_000), text("held"));
		}
	}

	private static void callUntilOneWaits(EngineServer server, CallLimit limit, ManagedChannel channel, String text) {
		while (server.engine().waitingCalls() == 0) {
			int before = limit.running();
			Outcome.of(channel, UNARY, in(40_000), text(text));
			await().pollDelay(Duration.ofMillis(20))
				.until(() -> limit.running() + server.engine().waitingCalls() == before + 1);
		}
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
