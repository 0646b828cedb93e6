package io.strand.grpc.call;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.LiveCall.State;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoHandlers.RequestObserver;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.SlowClient;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Since when live calls are in their states: each has been in one for a while before it
 * comes to the next, which therefore is younger than the call by that while.
 */
class LiveCallTests extends HandlerTestBase {

	private static final Duration WHILE = Duration.ofMillis(20);

	private final CountDownLatch release = new CountDownLatch(1);

	private final CountDownLatch mayEnd = new CountDownLatch(1);

	private final Set<String> entered = ConcurrentHashMap.newKeySet();

	private final EchoHandlers handlers = new EchoHandlers().unary(this::waitAndEcho);

	private void waitAndEcho(Message request, StreamObserver<Message> responses) {
		this.entered.add(request.getText());
		within(request.getText().equals("first") ? this.release : this.mayEnd);
		EchoHandlers.echo(request, responses);
	}

	@Test
	@DisplayName("A call that waited for a permit has run since it got one")
	void permit() {
		EngineServer server = serve(Kind.STRAND_NETTY, with(Duration.ofMinutes(1), limit("server", 1)), this.handlers);
		comesToRunAfter(State.WAITING_FOR_PERMIT, server);
	}

	@Test
	@DisplayName("A call that waited for a thread has run since it got one")
	void thread() {
		EngineServer server = serve(Kind.STRAND_NETTY_PLATFORM, (method) -> HandlerSettings.DEFAULT, 1, List.of(),
				this.handlers);
		comesToRunAfter(State.WAITING_FOR_THREAD, server);
	}

	private void comesToRunAfter(State state, EngineServer server) {
		Outcome first = call(server, "first");
		await().until(() -> this.entered.contains("first"));
		Outcome second = call(server, "second");
		await().until(() -> isInStateForAWhile(server, state));
		assertThat(server.engine().liveCalls()).filteredOn((call) -> call.state() == state)
			.singleElement()
			.satisfies((call) -> assertThat(call.inState()).isLessThanOrEqualTo(call.age()));
		this.release.countDown();
		assertThat(first.status().isOk()).isTrue();
		await().until(() -> this.entered.contains("second"));
		await().untilAsserted(() -> assertThat(server.engine().liveCalls()).singleElement().satisfies((call) -> {
			assertThat(call.state()).isEqualTo(State.RUNNING);
			assertYoungerThanTheCall(call);
		}));
		this.mayEnd.countDown();
		assertThat(second.status().isOk()).isTrue();
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("A call that waited for a message runs since it came, and waits since it was dealt with")
	void message(Kind kind) {
		this.handlers.bidi((responses) -> new RequestObserver((message) -> {
			this.entered.add(message.getText());
			within(this.release);
			responses.onNext(message);
		}, responses::onCompleted));
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, this.handlers);
		Outcome stream = Outcome.open(server.channel(), BIDI, soon());
		await().until(() -> isInStateForAWhile(server, State.WAITING_FOR_MESSAGE));
		stream.call().sendMessage(text("message"));
		await().until(() -> this.entered.contains("message"));
		assertThat(server.engine().liveCalls()).singleElement().satisfies((call) -> {
			assertThat(call.state()).isEqualTo(State.RUNNING);
			assertYoungerThanTheCall(call);
		});
		await().until(() -> isInStateForAWhile(server, State.RUNNING));
		this.release.countDown();
		await().until(() -> isInState(server, State.WAITING_FOR_MESSAGE));
		assertThat(server.engine().liveCalls()).singleElement()
			.satisfies((call) -> assertThat(beforeItsState(call)).isGreaterThan(WHILE.multipliedBy(2)));
		stream.call().halfClose();
		assertThat(stream.status().isOk()).isTrue();
	}

	@Test
	@DisplayName("The time of a wait for the client counts while it goes on, and the call runs since its end")
	void blockedSend() throws Exception {
		Message large = Message.newBuilder().setPayload(ByteString.copyFrom(new byte[100_000])).build();
		CountDownLatch mayBegin = new CountDownLatch(1);
		this.handlers.serverStream((request, responses) -> {
			within(mayBegin);
			for (int i = 0; i < 40; i++) {
				responses.onNext(large);
			}
			this.entered.add("sent");
			within(this.mayEnd);
			responses.onCompleted();
		});
		EngineServer server = serve(Kind.STRAND_NETTY, HandlerSettings.DEFAULT, this.handlers);
		SlowClient slow = new SlowClient();
		EchoGrpc.newStub(server.channel()).serverStream(Message.getDefaultInstance(), slow);
		await().until(() -> isInStateForAWhile(server, State.RUNNING));
		mayBegin.countDown();
		await().until(() -> isInStateForAWhile(server, State.BLOCKED_SENDING));
		LiveCall live = server.engine().liveCalls().iterator().next();
		assertYoungerThanTheCall(live);
		Duration blocked = live.blockedSending();
		assertThat(blocked).isGreaterThanOrEqualTo(WHILE);
		await().until(() -> live.blockedSending().compareTo(blocked) > 0);
		slow.readAll();
		await().until(() -> this.entered.contains("sent"));
		assertThat(live.state()).isEqualTo(State.RUNNING);
		assertThat(live.blockedSending()).isGreaterThan(blocked);
		assertThat(beforeItsState(live)).isGreaterThan(WHILE.multipliedBy(2));
		this.mayEnd.countDown();
		assertThat(slow.end().isOk()).isTrue();
	}

	@Test
	@DisplayName("On the event loop nobody looks at the clock: there the time is that since the arrival")
	void eventLoop() {
		EngineServer server = serve(Kind.STRAND_NETTY, with(Threading.EVENT_LOOP, true), this.handlers);
		Outcome stream = Outcome.open(server.channel(), BIDI, soon());
		await().until(() -> isInStateForAWhile(server, State.WAITING_FOR_MESSAGE));
		stream.call().sendMessage(text("message"));
		await().until(() -> stream.messages().size() == 1);
		assertThat(server.engine().liveCalls()).singleElement().satisfies((call) -> {
			Duration before = call.age();
			assertThat(call.inState()).isGreaterThanOrEqualTo(before).isLessThanOrEqualTo(call.age());
		});
		stream.call().halfClose();
		assertThat(stream.status().isOk()).isTrue();
	}

	private static boolean isInState(EngineServer server, State state) {
		return server.engine().liveCalls().stream().anyMatch((call) -> call.state() == state);
	}

	private static boolean isInStateForAWhile(EngineServer server, State state) {
		return server.engine()
			.liveCalls()
			.stream()
			.anyMatch((call) -> call.state() == state && call.inState().compareTo(WHILE) > 0);
	}

	private static void assertYoungerThanTheCall(LiveCall call) {
		assertThat(beforeItsState(call)).isGreaterThan(WHILE);
	}

	/** A little more: time passes between the two looks. */
	private static Duration beforeItsState(LiveCall call) {
		Duration inState = call.inState();
		return call.age().minus(inState);
	}

}
