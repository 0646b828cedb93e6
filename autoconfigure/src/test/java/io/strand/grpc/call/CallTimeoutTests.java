package io.strand.grpc.call;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.RawConnection;
import io.strand.grpc.testing.SlowClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a call and its client see of the longest that the method allows.
 */
@Timeout(60)
class CallTimeoutTests extends HandlerTestBase {

	private static final String TOO_LONG = "The call lasted longer than the server allows (1000 ms)";

	private static HandlerSettings lasting(Duration longest) {
		return lasting(longest, ConcurrentSend.SERIALIZE, true);
	}

	private static HandlerSettings lasting(Duration longest, ConcurrentSend mode, boolean interrupt,
			CallLimit... limits) {
		return new HandlerSettings(Threading.AUTO, interrupt, mode, null, HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE,
				List.of(limits), Duration.ofSeconds(30), longest);
	}

	private static final HandlerSettings SHORT = lasting(Duration.ofSeconds(1));

	@ParameterizedTest
	@EnumSource(mode = Mode.EXCLUDE, names = "PLAIN_GRPC")
	void handlerIsInterruptedAndTheClientTold(Kind kind) throws Exception {
		CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
		EngineServer server = serve(kind, SHORT, new EchoHandlers().unary((request, responses) -> {
			ServerCallStreamObserver<Message> call = (ServerCallStreamObserver<Message>) responses;
			try {
				new CountDownLatch(1).await();
			}
			catch (InterruptedException ex) {
				interrupted.complete(call.isCancelled() || Context.current().isCancelled());
			}
			EchoHandlers.echo(request, responses); // as generated code does when nobody
													// listens
		}));
		Status status = call(server, "hello").status();
		assertThat(status.getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
		assertThat(status.getDescription()).isEqualTo(TOO_LONG);
		assertThat(interrupted.get(5, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void interceptorsHearThatTheCallWasCancelledOnce() {
		AtomicInteger cancelled = new AtomicInteger();
		AtomicInteger completed = new AtomicInteger();
		EngineServer server = serve(Kind.STRAND_NETTY, SHORT, List.of(new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

					@Override
					public void onCancel() {
						cancelled.incrementAndGet();
						super.onCancel();
					}

					@Override
					public void onComplete() {
						completed.incrementAndGet();
						super.onComplete();
					}

				};
			}

		}), new EchoHandlers().unary((request, responses) -> {
			// answers later, that is never
		}));
		assertThat(call(server, "hello").status().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
		await().untilAsserted(() -> assertThat(server.engine().liveCalls()).isEmpty());
		assertThat(cancelled).hasValue(1);
		assertThat(completed).hasValue(0);
	}

	@Test
	void handlerThatIsNotInterruptedIsLeftToFinish() {
		CountDownLatch release = new CountDownLatch(1);
		CompletableFuture<Boolean> left = new CompletableFuture<>();
		EngineServer server = serve(Kind.STRAND_NETTY, lasting(Duration.ofSeconds(1), ConcurrentSend.SERIALIZE, false),
				new EchoHandlers().unary((request, responses) -> {
					within(release);
					left.complete(Thread.currentThread().isInterrupted());
				}));
		assertThat(call(server, "hello").status().getDescription()).isEqualTo(TOO_LONG);
		release.countDown();
		assertThat(left).succeedsWithin(Duration.ofSeconds(5)).isEqualTo(false);
	}

	@Test
	void senderThatWaitsForItsClientHearsOfTheDeadline() throws Exception {
		CompletableFuture<Status> sender = new CompletableFuture<>();
		EngineServer server = serve(Kind.STRAND_NETTY, SHORT, new EchoHandlers().serverStream((request, responses) -> {
			try {
				while (true) {
					responses.onNext(Message.newBuilder().setText("x".repeat(8000)).build());
				}
			}
			catch (StatusRuntimeException ex) {
				sender.complete(ex.getStatus());
			}
		}));
		SlowClient client = new SlowClient();
		EchoGrpc.newStub(server.channel()).serverStream(text("all"), client);
		assertThat(sender.get(5, TimeUnit.SECONDS).getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
		await().untilAsserted(() -> assertThat(server.engine().liveCalls()).isEmpty());
		client.readAll();
		assertThat(client.end().getDescription()).isEqualTo(TOO_LONG);
	}

	@Test
	void requestThatNeverComesWholeIsNotWaitedFor() throws Exception {
		EngineServer server = serve(Kind.STRAND_NETTY, SHORT, new EchoHandlers());
		try (RawConnection client = RawConnection.open(server.server().getPort())) {
			client.headers(UNARY.getFullMethodName());
			assertThat(client.read(RawConnection.HEADERS).flags() & RawConnection.END_STREAM).isOne();
			assertThat(server.engine().liveCalls()).isEmpty();
		}
	}

	@Test
	void callThatWaitsAtALimitIsEnded() {
		CallLimit one = limit("server", 1);
		CountDownLatch entered = new CountDownLatch(1);
		CountDownLatch release = new CountDownLatch(1);
		EngineServer server = serve(Kind.STRAND_NETTY,
				lasting(Duration.ofSeconds(2), ConcurrentSend.SERIALIZE, false, one),
				new EchoHandlers().unary((request, responses) -> {
					entered.countDown();
					within(release);
				}));
		Outcome first = Outcome.of(server.channel(), UNARY, soon(), text("first"));
		within(entered);
		assertThat(call(server, "second").status().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
		assertThat(first.status().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
		assertThat(one.running()).isOne(); // the handler still runs
		release.countDown();
	}

	@Test
	void earlierDeadlineOfTheClientGoesFirst() throws Exception {
		CompletableFuture<Deadline> seen = new CompletableFuture<>();
		EngineServer server = serve(Kind.STRAND_NETTY, lasting(Duration.ofMinutes(5)),
				new EchoHandlers().unary((request, responses) -> {
					seen.complete(Context.current().getDeadline());
					EchoHandlers.echo(request, responses);
				}));
		assertThat(Outcome.of(server.channel(), UNARY, in(20_000), text("hello")).status().isOk()).isTrue();
		assertThat(seen.get(5, TimeUnit.SECONDS).timeRemaining(TimeUnit.SECONDS)).isBetween(1L, 20L);
	}

	@Test
	void laterDeadlineOfTheClientIsCutShortForThoseThatTheHandlerCalls() throws Exception {
		CompletableFuture<Deadline> seen = new CompletableFuture<>();
		EngineServer server = serve(Kind.STRAND_NETTY, lasting(Duration.ofSeconds(30)),
				new EchoHandlers().unary((request, responses) -> {
					seen.complete(Context.current().getDeadline());
					EchoHandlers.echo(request, responses);
				}));
		Outcome outcome = Outcome.of(server.channel(), UNARY, in(3_600_000), text("hello"));
		assertThat(outcome.status().isOk()).isTrue();
		assertThat(seen.get(5, TimeUnit.SECONDS).timeRemaining(TimeUnit.SECONDS)).isBetween(1L, 30L);
	}

	@Test
	void clientIsToldInModeOffToo() {
		EngineServer server = serve(Kind.STRAND_NETTY, lasting(Duration.ofSeconds(1), ConcurrentSend.OFF, true),
				new EchoHandlers().unary((request, responses) -> {
				}));
		assertThat(call(server, "hello").status().getDescription()).isEqualTo(TOO_LONG);
	}

	@Test
	void callsInTimeLeaveNoTimerBehind() {
		EngineServer server = serve(Kind.STRAND_NETTY, lasting(Duration.ofHours(1)), new EchoHandlers());
		for (int i = 0; i < 100; i++) {
			assertAnswers(server, "call " + i);
		}
		await().untilAsserted(() -> assertThat(server.engine().timersRunning()).isZero());
	}

}
