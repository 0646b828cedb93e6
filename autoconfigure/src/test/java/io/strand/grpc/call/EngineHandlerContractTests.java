package io.strand.grpc.call;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.LogRecord;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.protobuf.ByteString;
import io.grpc.BindableService;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.CounterGrpc;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoHandlers.RequestObserver;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.SlowClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import org.springframework.test.util.ReflectionTestUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What the engine promises to handlers, against unmodified generated code.
 */
class EngineHandlerContractTests extends HandlerTestBase {

	private static final Context.Key<String> CONTEXT_KEY = Context.key("test");

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private final Logger logger = (Logger) org.slf4j.LoggerFactory.getLogger("io.strand.grpc.call.HandlerFailure");

	@BeforeEach
	void listenToTheLog() {
		this.log.start();
		this.logger.setLevel(Level.INFO);
		this.logger.setAdditive(false);
		this.logger.addAppender(this.log);
	}

	@AfterEach
	void leaveTheLog() {
		this.logger.detachAppender(this.log);
		this.logger.setAdditive(true);
	}

	// H1

	@ParameterizedTest
	@DisplayName("H1: each call has a thread of its own, from its first interceptor to its last callback")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void eachCallHasAThreadOfItsOwn(Kind kind) {
		ConcurrentLinkedQueue<Set<Thread>> threadsOfCalls = new ConcurrentLinkedQueue<>();
		ThreadLocal<String> local = new ThreadLocal<>();
		ConcurrentLinkedQueue<String> problems = new ConcurrentLinkedQueue<>();
		ServerInterceptor outer = new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				Set<Thread> threads = ConcurrentHashMap.newKeySet();
				threads.add(Thread.currentThread());
				threadsOfCalls.add(threads);
				if (isOwnThread(kind) && local.get() != null) {
					problems.add("sees " + local.get());
				}
				String mine = "call " + threadsOfCalls.size();
				local.set(mine);
				return new ThreadRecorder<>(
						Contexts.interceptCall(Context.current().withValue(CONTEXT_KEY, mine), call, headers, next),
						threads);
			}

		};
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			if (!CONTEXT_KEY.get().equals(local.get())) {
				problems.add("thread-local " + local.get() + " in " + CONTEXT_KEY.get());
			}
			EchoHandlers.echo(request, responses);
		});
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, List.of(outer), service);
		List<Outcome> outcomes = new ArrayList<>();
		for (int i = 0; i < 200; i++) {
			outcomes.add(call(server, "call"));
			outcomes.add(Outcome.of(server.channel(), BIDI, soon(), text("a"), text("b")));
		}
		assertThat(outcomes).allSatisfy((outcome) -> assertThat(outcome.status().isOk()).isTrue());
		await().untilAsserted(() -> assertThat(server.engine().liveCalls()).isEmpty());
		assertThat(problems).isEmpty();
		assertThat(threadsOfCalls).hasSize(400);
		Set<Thread> all = ConcurrentHashMap.newKeySet();
		threadsOfCalls.forEach(all::addAll);
		assertThat(all).allSatisfy((thread) -> {
			assertThat(thread.getName()).startsWith("grpc-call-");
			assertThat(isVirtual(thread)).isEqualTo(isOwnThread(kind));
		});
		if (isOwnThread(kind)) {
			assertThat(threadsOfCalls).allSatisfy((threads) -> assertThat(threads).hasSize(1));
			assertThat(all).hasSize(400)
				.allSatisfy((thread) -> assertThat(thread.getName()).startsWith("grpc-call-strand.testing.Echo/"));
		}
	}

	@Test
	@DisplayName("H1: cancelled calls hear of it on their own thread")
	void cancelIsHeardOnTheCallsThread() {
		AtomicReference<Thread> handler = new AtomicReference<>();
		AtomicReference<Thread> cancelled = new AtomicReference<>();
		EchoHandlers service = new EchoHandlers().bidi((responses) -> {
			handler.set(Thread.currentThread());
			((ServerCallStreamObserver<Message>) responses)
				.setOnCancelHandler(() -> cancelled.set(Thread.currentThread()));
			return EchoHandlers.echoAll(responses);
		});
		EngineServer server = serve(Kind.STRAND_NETTY, HandlerSettings.DEFAULT, service);
		Outcome outcome = Outcome.open(server.channel(), BIDI, soon());
		await().until(() -> handler.get() != null);
		outcome.cancel();
		await().until(() -> cancelled.get() != null);
		if (VIRTUAL) {
			assertThat(cancelled.get()).isSameAs(handler.get());
		}
		else {
			assertThat(cancelled.get().getName()).startsWith("grpc-call-");
		}
	}

	// H2

	@ParameterizedTest
	@DisplayName("H2: blocked handlers delay no other call, and cost no platform threads where there are virtual ones")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void blockedHandlersDelayNoOtherCall(Kind kind) {
		int count = isOwnThread(kind) ? 10_000 : 190;
		CountDownLatch release = new CountDownLatch(1);
		AtomicInteger entered = new AtomicInteger();
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			if (request.getText().equals("block")) {
				entered.incrementAndGet();
				stubbornly(release);
			}
			EchoHandlers.echo(request, responses);
		});
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, service);
		assertAnswers(server, "to start the threads that server and client share");
		// Those of applications that other tests keep are not ours to count
		int threadsBefore = ManagementFactory.getThreadMXBean().getThreadCount();
		List<Outcome> blocked = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			blocked.add(Outcome.of(server.channel(), UNARY, in(120_000), text("block")));
		}
		await().atMost(Duration.ofSeconds(60)).until(() -> entered.get() == count);
		assertThat(bestOf(3, () -> assertAnswers(server, "next"))).isLessThan(Duration.ofSeconds(1));
		int platformThreads = ManagementFactory.getThreadMXBean().getThreadCount() - threadsBefore;
		assertThat(server.engine().liveCalls()).hasSizeGreaterThanOrEqualTo(count);
		assertThat(server.engine().liveCalls().iterator().next().state()).isEqualTo(LiveCall.State.RUNNING);
		release.countDown();
		assertThat(blocked).allSatisfy((outcome) -> assertThat(outcome.status().isOk()).isTrue());
		if (isOwnThread(kind)) {
			assertThat(platformThreads).isLessThanOrEqualTo(32);
		}
		if (kind != Kind.STRAND_IN_PROCESS) {
			assertThat(server.connections()).isEqualTo(1);
		}
	}

	private static Duration bestOf(int rounds, Runnable call) {
		long best = Long.MAX_VALUE;
		for (int i = 0; i < rounds; i++) {
			long start = System.nanoTime();
			call.run();
			best = Math.min(best, System.nanoTime() - start);
		}
		return Duration.ofNanos(best);
	}

	@Test
	@DisplayName("H2: a call waits for a platform thread no longer than it lives, and never runs after that")
	void callThatWaitsForAThreadAndIsCancelledNeverRuns() {
		CountDownLatch release = new CountDownLatch(1);
		Set<String> ran = ConcurrentHashMap.newKeySet();
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			ran.add(request.getText());
			if (request.getText().equals("first")) {
				stubbornly(release);
			}
			EchoHandlers.echo(request, responses);
		});
		CallLimit limit = limit("server", 10);
		EngineServer server = serve(Kind.STRAND_NETTY_PLATFORM, (method) -> with(Duration.ZERO, limit), 1, List.of(),
				service);
		Outcome first = call(server, "first");
		await().until(() -> ran.contains("first"));
		Outcome second = call(server, "second");
		await().until(() -> server.engine()
			.liveCalls()
			.stream()
			.anyMatch((call) -> call.state() == LiveCall.State.WAITING_FOR_THREAD));
		second.cancel();
		assertThat(second.status().getCode()).isEqualTo(Code.CANCELLED);
		await().untilAsserted(() -> assertThat(limit.running()).isEqualTo(1));
		release.countDown();
		assertThat(first.status().isOk()).isTrue();
		assertAnswers(server, "third");
		assertThat(ran).containsExactlyInAnyOrder("first", "third");
	}

	// H3

	@ParameterizedTest
	@DisplayName("H3: cancel and deadline interrupt the handler within 100 ms and cancel its Context")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void cancelAndDeadlineInterruptTheHandler(Kind kind) {
		Sleeper sleeper = new Sleeper();
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, new EchoHandlers().unary(sleeper::handle));
		assertThat(sleeper.bestOf(5, () -> {
			Outcome outcome = call(server, "sleep");
			sleeper.awaitEntered();
			long start = System.nanoTime();
			outcome.cancel();
			return start;
		})).isLessThan(Duration.ofMillis(100));
		assertThat(sleeper.bestOf(3, () -> {
			long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
			Outcome.of(server.channel(), UNARY, in(2000), text("sleep"));
			sleeper.awaitEntered();
			return deadline;
		})).isLessThan(Duration.ofMillis(100));
		assertThat(sleeper.contexts).hasSize(8).containsOnly(true);
	}

	@ParameterizedTest
	@DisplayName("H3: a lost connection interrupts its handlers within 100 ms")
	@EnumSource(value = Kind.class, names = { "STRAND_NETTY", "STRAND_NETTY_PLATFORM" })
	void lostConnectionInterruptsTheHandler(Kind kind) {
		Sleeper sleeper = new Sleeper();
		ConcurrentLinkedQueue<NioSocketChannel> sockets = new ConcurrentLinkedQueue<>();
		NioEventLoopGroup group = new NioEventLoopGroup(1);
		EngineServer server = serve(kind, (client) -> client.eventLoopGroup(group).channelFactory(() -> {
			NioSocketChannel socket = new NioSocketChannel();
			sockets.add(socket);
			return socket;
		}), new EchoHandlers().unary(sleeper::handle));
		try {
			assertThat(sleeper.bestOf(5, () -> {
				Outcome outcome = call(server, "sleep");
				sleeper.awaitEntered();
				long start = System.nanoTime();
				sockets.forEach((socket) -> socket.eventLoop()
					.execute(() -> socket.unsafe().close(socket.unsafe().voidPromise())));
				sockets.clear();
				assertThat(outcome.status().getCode()).isEqualTo(Code.UNAVAILABLE);
				return start;
			})).isLessThan(Duration.ofMillis(100));
			assertThat(sleeper.contexts).containsOnly(true);
		}
		finally {
			group.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
		}
	}

	@ParameterizedTest
	@DisplayName("H3: an interrupt never reaches another call")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void interruptNeverReachesAnotherCall(Kind kind) throws Exception {
		AtomicInteger leaked = new AtomicInteger();
		AtomicReference<CyclicBarrier> gate = new AtomicReference<>();
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			if (Thread.currentThread().isInterrupted()) {
				leaked.incrementAndGet();
			}
			if (request.getText().equals("gate")) {
				try {
					gate.get().await(10, TimeUnit.SECONDS);
				}
				catch (Exception ex) {
					throw new IllegalStateException(ex);
				}
			}
			if (request.getText().equals("interrupts itself")) {
				Thread.currentThread().interrupt();
			}
			EchoHandlers.echo(request, responses);
		});
		EngineServer server = serve(kind, (method) -> HandlerSettings.DEFAULT, 2, List.of(), service);
		for (int i = 0; i < 1000; i++) {
			gate.set(new CyclicBarrier(2));
			Outcome outcome = call(server, "gate");
			gate.get().await(10, TimeUnit.SECONDS);
			outcome.cancel();
			if (i % 10 == 0) {
				assertAnswers(server, "interrupts itself");
			}
			assertAnswers(server, "next");
		}
		assertThat(leaked).hasValue(0);
	}

	@ParameterizedTest
	@DisplayName("S6: a blocked sender is told of the cancellation though its event loop waits for a lock of the sender's")
	@CsvSource({ "STRAND_NETTY, 0", "STRAND_NETTY, 60", "STRAND_NETTY_PLATFORM, 0" })
	void senderThatHoldsWhatItsEventLoopNeedsIsToldOfTheEnd(Kind kind, int longestSeconds) throws Exception {
		ReentrantLock lock = new ReentrantLock();
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		HandlerSettings settings = new HandlerSettings(Threading.AUTO, false, ConcurrentSend.SERIALIZE, null,
				HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(), Duration.ZERO, Duration.ofSeconds(longestSeconds));
		EngineServer server = serve(kind, settings, new EchoHandlers().serverStream((request, responses) -> {
			// It has to be told: it looks by itself when the test is over
			ReflectionTestUtils.setField(ServedCall.KEY.get().call().guard(), "recheckNanos",
					TimeUnit.SECONDS.toNanos(100));
			Context.current().addListener((context) -> {
				lock.lock();
				lock.unlock();
			}, Runnable::run);
			lock.lock();
			try {
				while (true) {
					responses.onNext(Message.newBuilder().setPayload(ByteString.copyFrom(new byte[64 * 1024])).build());
				}
			}
			catch (StatusRuntimeException ex) {
				thrown.complete(ex);
			}
			finally {
				lock.unlock();
			}
		}));
		SlowClient client = new SlowClient();
		EchoGrpc.newStub(server.channel()).serverStream(text("hello"), client);
		await().pollInterval(Duration.ofMillis(5))
			.during(Duration.ofMillis(100))
			.until(() -> server.engine()
				.liveCalls()
				.stream()
				.anyMatch((call) -> call.state() == LiveCall.State.BLOCKED_SENDING));
		client.cancel();
		assertThat(Status.fromThrowable(thrown.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Code.CANCELLED);
		await().until(() -> server.engine().liveCalls().isEmpty());
	}

	@ParameterizedTest
	@DisplayName("H4: an answer to a call that is gone is nothing to warn of, nor is none")
	@EnumSource
	void lateAnswerIsNothingToWarnOf(Kind kind) {
		java.util.logging.Logger transport = java.util.logging.Logger.getLogger("io.grpc.internal.ServerCallImpl");
		Queue<String> warnings = new ConcurrentLinkedQueue<>();
		java.util.logging.Handler handler = new java.util.logging.ConsoleHandler() {

			@Override
			public void publish(LogRecord entry) {
				warnings.add(entry.getMessage() + " " + entry.getThrown());
			}

		};
		transport.addHandler(handler);
		try {
			CountDownLatch release = new CountDownLatch(1);
			CountDownLatch entered = new CountDownLatch(2);
			Queue<Context> contexts = new ConcurrentLinkedQueue<>();
			Set<String> answered = ConcurrentHashMap.newKeySet();
			EngineServer server = serve(kind, with(Threading.AUTO, false),
					new EchoHandlers().unary((request, responses) -> {
						contexts.add(Context.current());
						entered.countDown();
						within(release);
						if (request.getText().equals("answer")) {
							responses.onNext(request);
						}
						if (kind.isStrand() || request.getText().equals("answer")) {
							responses.onCompleted();
						}
						answered.add(request.getText());
					}));
			List<Outcome> outcomes = List.of(call(server, "answer"), call(server, "complete"));
			within(entered);
			outcomes.forEach(Outcome::cancel);
			await().until(() -> contexts.stream().allMatch(Context::isCancelled));
			release.countDown();
			await().until(() -> answered.size() == 2);
			await().until(() -> server.engine().liveCalls().isEmpty());
			assertAnswers(server, "answer");
			assertThat(warnings).isEmpty();
		}
		finally {
			transport.removeHandler(handler);
		}
	}

	@ParameterizedTest
	@DisplayName("H3: a method can opt out of interrupts")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void methodOptsOutOfInterrupts(Kind kind) {
		CountDownLatch entered = new CountDownLatch(1);
		CountDownLatch release = new CountDownLatch(1);
		AtomicBoolean interrupted = new AtomicBoolean();
		AtomicReference<Context> context = new AtomicReference<>();
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			context.set(Context.current());
			entered.countDown();
			try {
				release.await();
			}
			catch (InterruptedException ex) {
				interrupted.set(true);
			}
		});
		EngineServer server = serve(kind, with(Threading.AUTO, false), service);
		Outcome outcome = call(server, "wait");
		within(entered);
		outcome.cancel();
		await().until(() -> context.get().isCancelled());
		release.countDown();
		await().until(() -> server.engine().liveCalls().isEmpty());
		assertThat(interrupted).isFalse();
	}

	@Test
	@DisplayName("H3: a stray interrupt while a stream waits for messages does no harm")
	void strayInterruptOfAWaitingStreamDoesNoHarm() {
		AtomicReference<Thread> thread = new AtomicReference<>();
		EchoHandlers service = new EchoHandlers().bidi((responses) -> {
			thread.set(Thread.currentThread());
			return EchoHandlers.echoAll(responses);
		});
		EngineServer server = serve(Kind.STRAND_NETTY, HandlerSettings.DEFAULT, service);
		Outcome outcome = Outcome.open(server.channel(), BIDI, soon());
		await().until(() -> server.engine()
			.liveCalls()
			.stream()
			.anyMatch((call) -> call.state() == LiveCall.State.WAITING_FOR_MESSAGE));
		thread.get().interrupt();
		await().until(() -> !VIRTUAL || !thread.get().isInterrupted());
		outcome.call().sendMessage(text("still there"));
		outcome.call().halfClose();
		assertThat(outcome.status().isOk()).isTrue();
		assertThat(outcome.messages()).containsExactly(text("still there"));
	}

	// H4

	@ParameterizedTest
	@DisplayName("H4: a handler that misbehaves ends its own call only, with a status, and is logged once")
	@EnumSource(Misbehaviour.class)
	void misbehavingHandlerEndsItsOwnCall(Misbehaviour misbehaviour) throws Exception {
		for (Kind kind : Kind.values()) {
			if (!kind.isStrand()) {
				continue;
			}
			this.log.list.clear();
			EngineServer server = serve(kind, HandlerSettings.DEFAULT, misbehaviour.handler.apply(new EchoHandlers()));
			connect(server);
			long deadline = (misbehaviour.code == Code.DEADLINE_EXCEEDED) ? 2000 : 10_000;
			Outcome outcome = (misbehaviour == Misbehaviour.THROWS_IN_ON_ERROR)
					? Outcome.open(server.channel(), misbehaviour.method, in(deadline))
					: Outcome.of(server.channel(), misbehaviour.method, in(deadline), text("misbehave"));
			if (misbehaviour.code != null) {
				assertThat(outcome.status().getCode()).as("%s on %s", outcome.status(), kind)
					.isEqualTo(misbehaviour.code);
			}
			else {
				assertThat(outcome.status().getCode()).isNotIn(Code.OK, Code.DEADLINE_EXCEEDED);
			}
			assertThat(outcome.status().toString()).doesNotContain("secret");
			if (misbehaviour.name().contains("THROWS_STATUS") && misbehaviour.code != Code.UNKNOWN) {
				assertThat(outcome.status().getDescription()).isEqualTo("told");
				assertThat(outcome.trailers().get(Misbehaviour.KEY)).isEqualTo("why");
			}
			await().untilAsserted(() -> assertThat(server.engine().liveCalls()).isEmpty());
			assertAnswers(server, "well-behaved");
			assertThat(server.connections()).isLessThanOrEqualTo(1);
			assertThat(List.copyOf(this.log.list)).as("log of %s", kind).hasSize(misbehaviour.logged);
			if (misbehaviour.logged > 0) {
				ILoggingEvent event = this.log.list.get(0);
				assertThat(event.getLevel()).isEqualTo(Level.ERROR);
				assertThat(event.getFormattedMessage()).contains(misbehaviour.method.getFullMethodName(), "(call 1)");
				assertThat(event.getThrowableProxy()).isNotNull();
			}
		}
	}

	@ParameterizedTest
	@DisplayName("H4: an exception of an interceptor is treated as one of a handler, and interceptors see the end")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void interceptorsThrowAndSeeTheEnd(Kind kind) {
		List<Status> seen = new ArrayList<>();
		ServerInterceptor outer = new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				if ("in interceptor".equals(headers.get(Misbehaviour.KEY))) {
					throw new IllegalStateException("secret");
				}
				return next.startCall(new SimpleForwardingServerCall<>(call) {

					@Override
					public void close(Status status, Metadata trailers) {
						seen.add(status);
						super.close(status, trailers);
					}

				}, headers);
			}

		};
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			throw new IllegalStateException("secret");
		});
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, List.of(outer), service);
		Outcome outcome = call(server, "fail");
		assertThat(outcome.status().getCode()).isEqualTo(Code.UNKNOWN);
		assertThat(outcome.status().getDescription()).isEqualTo("Application error processing RPC (call 1)");
		assertThat(seen).singleElement().satisfies((status) -> assertThat(status.getCode()).isEqualTo(Code.UNKNOWN));
		Metadata headers = new Metadata();
		headers.put(Misbehaviour.KEY, "in interceptor");
		Outcome second = Outcome.of(io.grpc.ClientInterceptors.intercept(server.channel(),
				io.grpc.stub.MetadataUtils.newAttachHeadersInterceptor(headers)), UNARY, soon(), text("fail"));
		assertThat(second.status().getCode()).isEqualTo(Code.UNKNOWN);
		assertThat(second.status().toString()).doesNotContain("secret");
		assertThat(this.log.list).hasSize(2);
	}

	@ParameterizedTest
	@DisplayName("H4: one exception with trailers thrown by many calls at once is whole for each")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void sharedStatusExceptionIsWholeForEach(Kind kind) {
		Metadata trailers = new Metadata();
		trailers.put(Misbehaviour.KEY, "why");
		RuntimeException shared = Status.NOT_FOUND.asRuntimeException(trailers);
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, new EchoHandlers().unary((request, responses) -> {
			throw shared;
		}));
		List<Outcome> outcomes = new ArrayList<>();
		for (int i = 0; i < 200; i++) {
			outcomes.add(call(server, "fail"));
		}
		assertThat(outcomes).allSatisfy((outcome) -> {
			assertThat(outcome.status().getCode()).isEqualTo(Code.NOT_FOUND);
			assertThat(outcome.trailers().getAll(Misbehaviour.KEY)).containsExactly("why");
		});
		assertThat(trailers.keys()).containsExactly("told");
	}

	@Test
	@DisplayName("H4: a stream whose handler has thrown gets no more messages and is logged once")
	void failedStreamGetsNoMoreMessages() {
		AtomicInteger messages = new AtomicInteger();
		EchoHandlers service = new EchoHandlers().bidi((responses) -> {
			((ServerCallStreamObserver<Message>) responses).request(20);
			return new RequestObserver((message) -> {
				messages.incrementAndGet();
				throw new AssertionError("secret");
			}, responses::onCompleted);
		});
		EngineServer server = serve(Kind.STRAND_NETTY, HandlerSettings.DEFAULT, service);
		Message[] many = new Message[20];
		java.util.Arrays.fill(many, text("message"));
		assertThat(Outcome.of(server.channel(), BIDI, soon(), many).status().getCode()).isEqualTo(Code.UNKNOWN);
		await().untilAsserted(() -> assertThat(server.engine().liveCalls()).isEmpty());
		assertThat(messages).hasValue(1);
		assertThat(this.log.list).hasSize(1);
	}

	// H5

	@ParameterizedTest
	@DisplayName("H5: callbacks come one at a time, in order, and see what the one before wrote")
	@EnumSource(Kind.class) // plain gRPC as well: it promises the same
	void callbacksAreSerialAndOrdered(Kind kind) {
		EchoHandlers service = new EchoHandlers().bidi((responses) -> {
			int[] last = { -1 }; // neither volatile nor locked
			AtomicBoolean inside = new AtomicBoolean();
			((ServerCallStreamObserver<Message>) responses).request(Integer.MAX_VALUE);
			((ServerCallStreamObserver<Message>) responses).request(Integer.MAX_VALUE);
			return new RequestObserver((message) -> {
				if (!inside.compareAndSet(false, true) || message.getNumber() != last[0] + 1) {
					throw new IllegalStateException("out of order");
				}
				last[0] = message.getNumber();
				inside.set(false);
			}, () -> {
				responses.onNext(Message.newBuilder().setNumber(last[0]).build());
				responses.onCompleted();
			});
		});
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, service);
		List<Outcome> outcomes = new ArrayList<>();
		for (int stream = 0; stream < 20; stream++) {
			Message[] messages = new Message[500];
			for (int i = 0; i < messages.length; i++) {
				messages[i] = Message.newBuilder().setNumber(i).build();
			}
			outcomes.add(Outcome.of(server.channel(), BIDI, soon(), messages));
		}
		assertThat(outcomes).allSatisfy((outcome) -> {
			assertThat(outcome.status().isOk()).as("%s", outcome.status()).isTrue();
			assertThat(outcome.messages().get(0).getNumber()).isEqualTo(499);
		});
	}

	// H6

	@ParameterizedTest
	@DisplayName("H6: handlers that answer later from threads of their own work unchanged")
	@EnumSource(Kind.class)
	void handlersAnswerLater(Kind kind) {
		ScheduledExecutorService own = Executors.newScheduledThreadPool(4);
		try {
			EchoHandlers service = new EchoHandlers()
				.unary((request, responses) -> own.schedule(() -> EchoHandlers.echo(request, responses), 5,
						TimeUnit.MILLISECONDS))
				.bidi((responses) -> {
					AtomicInteger open = new AtomicInteger(1);
					Runnable done = () -> {
						if (open.decrementAndGet() == 0) {
							responses.onCompleted();
						}
					};
					return new RequestObserver((message) -> {
						open.incrementAndGet();
						own.execute(() -> {
							synchronized (own) { // plain gRPC needs it
								responses.onNext(message);
								done.run();
							}
						});
					}, () -> own.execute(() -> {
						synchronized (own) {
							done.run();
						}
					}));
				});
			EngineServer server = serve(kind, HandlerSettings.DEFAULT, service);
			List<Outcome> outcomes = new ArrayList<>();
			for (int i = 0; i < 100; i++) {
				outcomes.add(call(server, "later"));
				outcomes.add(Outcome.of(server.channel(), BIDI, soon(), text("later")));
			}
			assertThat(outcomes).allSatisfy((outcome) -> {
				assertThat(outcome.status().isOk()).isTrue();
				assertThat(outcome.messages()).containsExactly(text("later"));
			});
		}
		finally {
			own.shutdown();
		}
	}

	// H7

	@Test
	@DisplayName("H7: a non-blocking method runs on the event loop, without a hop")
	void eventLoopMethodRunsOnTheTransportsThread() {
		Set<Thread> threads = ConcurrentHashMap.newKeySet();
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			threads.add(Thread.currentThread());
			EchoHandlers.echo(request, responses);
		}).bidi((responses) -> new RequestObserver((message) -> {
			threads.add(Thread.currentThread());
			responses.onNext(message);
		}, responses::onCompleted));
		EngineServer server = serve(Kind.STRAND_NETTY, with(Threading.EVENT_LOOP, true), service);
		List<Outcome> outcomes = new ArrayList<>();
		for (int i = 0; i < 300; i++) {
			outcomes.add(call(server, "call"));
			outcomes.add(Outcome.of(server.channel(), BIDI, soon(), text("a"), text("b")));
		}
		assertThat(outcomes).allSatisfy((outcome) -> assertThat(outcome.status().isOk()).isTrue());
		assertThat(threads).hasSize(1)
			.allSatisfy((thread) -> assertThat(thread.getName()).startsWith("grpc-default-worker-ELG"));
	}

	@Test
	@DisplayName("H7: in-process, where there is no event loop, a non-blocking method runs on its client's thread")
	void eventLoopMethodRunsOnTheClientsThreadInProcess() {
		Set<Thread> threads = ConcurrentHashMap.newKeySet();
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			threads.add(Thread.currentThread());
			EchoHandlers.echo(request, responses);
		}).bidi((responses) -> new RequestObserver((message) -> {
			threads.add(Thread.currentThread());
			responses.onNext(message);
		}, responses::onCompleted));
		EngineServer server = serve(Kind.STRAND_IN_PROCESS, with(Threading.EVENT_LOOP, true), service);
		assertAnswers(server, "to connect, which the channel does on a thread of its own");
		threads.clear();
		assertAnswers(server, "call");
		assertThat(Outcome.of(server.channel(), BIDI, soon(), text("a"), text("b")).status().isOk()).isTrue();
		assertThat(threads).containsExactly(Thread.currentThread());
	}

	@Test
	@DisplayName("H7: callbacks of a non-blocking method stay on the event loop when another thread asks for messages")
	void eventLoopCallbacksStayThere() {
		Set<String> threads = ConcurrentHashMap.newKeySet();
		ScheduledExecutorService own = Executors.newScheduledThreadPool(1);
		try {
			EchoHandlers service = new EchoHandlers().bidi((responses) -> {
				ServerCallStreamObserver<Message> server = (ServerCallStreamObserver<Message>) responses;
				server.disableAutoRequest();
				own.execute(() -> server.request(1));
				return new RequestObserver((message) -> {
					threads.add(Thread.currentThread().getName());
					own.execute(() -> server.request(1));
				}, responses::onCompleted);
			});
			EngineServer server = serve(Kind.STRAND_NETTY, with(Threading.EVENT_LOOP, true), service);
			Message[] messages = new Message[50];
			java.util.Arrays.fill(messages, text("message"));
			assertThat(Outcome.of(server.channel(), BIDI, soon(), messages).status().isOk()).isTrue();
			assertThat(threads).hasSize(1).allSatisfy((name) -> assertThat(name).startsWith("grpc-default-worker-ELG"));
		}
		finally {
			own.shutdown();
		}
	}

	/** So that connecting takes none of a short deadline. */
	private static void connect(EngineServer server) {
		await().until(() -> server.channel().getState(true) == io.grpc.ConnectivityState.READY);
	}

	// H8

	@ParameterizedTest
	@DisplayName("H8: a limit counts running handlers: clients that time out and call again do not get past it")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void limitCountsRunningHandlers(Kind kind) {
		CountDownLatch release = new CountDownLatch(1);
		AtomicInteger running = new AtomicInteger();
		AtomicInteger most = new AtomicInteger();
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			most.accumulateAndGet(running.incrementAndGet(), Math::max);
			if (request.getText().equals("stubborn")) {
				stubbornly(release);
			}
			running.decrementAndGet();
			EchoHandlers.echo(request, responses);
		});
		CallLimit limit = limit("server", 1);
		EngineServer server = serve(kind, with(Duration.ZERO, limit), service);
		connect(server);
		Outcome first = Outcome.of(server.channel(), UNARY, in(2000), text("stubborn"));
		await().until(() -> running.get() == 1);
		assertThat(first.status().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
		for (int i = 0; i < 17; i++) {
			Outcome refused = call(server, "stubborn");
			assertThat(refused.status().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
			assertThat(refused.status().getDescription()).contains("strand.testing.Echo/Unary", "running=1", "limit=1");
		}
		release.countDown();
		await().until(() -> limit.running() == 0);
		assertAnswers(server, "next");
		assertThat(most).hasValue(1);
	}

	@Test
	@DisplayName("H8, H10: a refused call's message is never decoded")
	void refusedMessageIsNeverDecoded() {
		CountDownLatch release = new CountDownLatch(1);
		CountDownLatch entered = new CountDownLatch(1);
		ParseRecorder recorder = new ParseRecorder();
		CallLimit limit = limit("server", 1);
		EngineServer server = serve(Kind.STRAND_NETTY, with(Duration.ZERO, limit),
				recorder.service((request, responses) -> {
					entered.countDown();
					stubbornly(release);
					EchoHandlers.echo(request, responses);
				}));
		Outcome first = call(server, "first");
		within(entered);
		for (int i = 0; i < 10; i++) {
			assertThat(call(server, "refused").status().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
		}
		release.countDown();
		assertThat(first.status().isOk()).isTrue();
		assertThat(recorder.threads).hasSize(1);
	}

	@ParameterizedTest
	@DisplayName("H8: a call waits at a limit as long as it may, in order, and is refused after that")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void callWaitsAtALimit(Kind kind) {
		CountDownLatch release = new CountDownLatch(1);
		List<String> ran = new java.util.concurrent.CopyOnWriteArrayList<>();
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			ran.add(request.getText());
			if (request.getText().equals("first")) {
				stubbornly(release);
			}
			EchoHandlers.echo(request, responses);
		});
		CallLimit limit = limit("server", 1);
		HandlerSettings patient = with(Duration.ofSeconds(20), limit);
		HandlerSettings impatient = with(Duration.ofMillis(100), limit);
		EngineServer server = serve(kind,
				(method) -> method.getFullMethodName().endsWith("Unary") ? patient : impatient, 200, List.of(),
				service);
		Outcome first = call(server, "first");
		await().until(() -> ran.contains("first"));
		List<Outcome> waiting = new ArrayList<>();
		List<String> expected = new ArrayList<>(List.of("first"));
		for (int i = 0; i < 20; i++) {
			waiting.add(call(server, "waiting " + i));
			expected.add("waiting " + i);
		}
		await().until(() -> server.engine().admission().waiting() == 20);
		assertThat(server.engine().liveCalls().stream().map(LiveCall::state).toList())
			.contains(LiveCall.State.WAITING_FOR_PERMIT);
		Outcome cancelled = call(server, "cancelled");
		await().until(() -> server.engine().admission().waiting() == 21);
		cancelled.cancel();
		await().until(() -> server.engine().admission().waiting() == 20);
		Outcome refused = Outcome.of(server.channel(), EchoGrpc.getServerStreamMethod(), soon(), text("refused"));
		assertThat(refused.status().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
		assertThat(refused.status().getDescription()).contains("waited 100 ms");
		release.countDown();
		assertThat(first.status().isOk()).isTrue();
		assertThat(waiting).allSatisfy((outcome) -> assertThat(outcome.status().isOk()).isTrue());
		assertThat(ran).containsExactlyElementsOf(expected);
	}

	@ParameterizedTest
	@DisplayName("H8: one service at its limit does not touch another; every way out gives the places back")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void limitOfOneServiceDoesNotTouchAnother(Kind kind) {
		CountDownLatch release = new CountDownLatch(1);
		CountDownLatch entered = new CountDownLatch(1);
		EchoHandlers echo = new EchoHandlers().unary((request, responses) -> {
			if (request.getText().equals("throw")) {
				throw new IllegalStateException("secret");
			}
			if (request.getText().equals("block")) {
				entered.countDown();
				stubbornly(release);
			}
			EchoHandlers.echo(request, responses);
		});
		BindableService counter = new CounterGrpc.CounterImplBase() {

			@Override
			public void next(Message request, StreamObserver<Message> responses) {
				EchoHandlers.echo(request, responses);
			}

		};
		CallLimit all = limit("server", 2);
		CallLimit ofEcho = limit("strand.testing.Echo", 1);
		CallLimit ofCounter = limit("strand.testing.Counter", 1);
		EngineServer server = serve(
				kind, (method) -> "strand.testing.Echo".equals(method.getServiceName())
						? with(Duration.ZERO, all, ofEcho) : with(Duration.ofSeconds(30), all, ofCounter),
				200, List.of(), echo, counter);
		Outcome blocked = call(server, "block");
		within(entered);
		List<Outcome> flood = new ArrayList<>();
		List<Outcome> others = new ArrayList<>();
		for (int i = 0; i < 500; i++) {
			flood.add(call(server, "refused"));
			others.add(Outcome.of(server.channel(), CounterGrpc.getNextMethod(), soon(), text("other")));
		}
		assertThat(flood)
			.allSatisfy((outcome) -> assertThat(outcome.status().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED));
		assertThat(others).allSatisfy((outcome) -> assertThat(outcome.status().isOk()).isTrue());
		release.countDown();
		assertThat(blocked.status().isOk()).isTrue();
		await().until(() -> all.running() == 0);
		for (int i = 0; i < 50; i++) {
			call(server, "throw").status();
			call(server, "cancel").cancel();
		}
		await().until(() -> all.running() == 0 && ofEcho.running() == 0);
	}

	// H10

	@ParameterizedTest
	@DisplayName("H10: compressed calls keep all promises: order, interrupts, own thread")
	@EnumSource(value = Kind.class, names = { "STRAND_NETTY", "STRAND_NETTY_PLATFORM" })
	void compressedCallsKeepAllPromises(Kind kind) {
		Sleeper sleeper = new Sleeper();
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, new EchoHandlers().unary(sleeper::handle));
		assertThat(sleeper.bestOf(5, () -> {
			Outcome outcome = Outcome.of(server.channel(), UNARY, soon().withCompression("gzip"), text("sleep"));
			sleeper.awaitEntered();
			long start = System.nanoTime();
			outcome.cancel();
			return start;
		})).isLessThan(Duration.ofMillis(100));
		Message[] messages = new Message[300];
		for (int i = 0; i < messages.length; i++) {
			messages[i] = Message.newBuilder().setNumber(i).build();
		}
		Outcome outcome = Outcome.of(server.channel(), BIDI, soon().withCompression("gzip"), messages);
		assertThat(outcome.status().isOk()).isTrue();
		assertThat(outcome.messages()).containsExactly(messages);
	}

	// Interceptors

	@ParameterizedTest
	@DisplayName("H1: interceptors may delay the call, end it themselves, or replace its listener")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void interceptorsMayDelayEndAndReplace(Kind kind) {
		ScheduledExecutorService own = Executors.newScheduledThreadPool(1);
		AtomicReference<String> how = new AtomicReference<>();
		ServerInterceptor interceptor = new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				if (how.get().equals("end")) {
					call.close(Status.UNAUTHENTICATED.withDescription("by interceptor"), new Metadata());
					return new ServerCall.Listener<>() {
					};
				}
				if (how.get().equals("swallow")) {
					next.startCall(call, headers);
					return new ServerCall.Listener<>() {
					};
				}
				if (how.get().equals("delay")) {
					return new DelayedListener<>(call, headers, next, own);
				}
				return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
				};
			}

		};
		try {
			EngineServer server = serve(kind, HandlerSettings.DEFAULT, List.of(interceptor), new EchoHandlers());
			how.set("end");
			assertThat(call(server, "end").status().getDescription()).isEqualTo("by interceptor");
			assertThat(Outcome.of(server.channel(), BIDI, soon(), text("end")).status().getCode())
				.isEqualTo(Code.UNAUTHENTICATED);
			how.set("swallow");
			assertThat(Outcome.of(server.channel(), UNARY, in(200), text("swallow")).status().getCode())
				.isEqualTo(Code.DEADLINE_EXCEEDED);
			how.set("delay");
			for (int i = 0; i < 50; i++) {
				assertAnswers(server, "delayed " + i);
			}
			Outcome stream = Outcome.of(server.channel(), BIDI, soon(), text("a"), text("b"), text("c"));
			assertThat(stream.status().isOk()).as("%s", stream.status()).isTrue();
			assertThat(stream.messages()).containsExactly(text("a"), text("b"), text("c"));
			how.set("replace");
			assertAnswers(server, "replaced");
		}
		finally {
			own.shutdown();
		}
		assertThat(this.log.list).isEmpty();
	}

	// Registry

	@Test
	@DisplayName("The registry shows states, counters, thread and peer of a call")
	void registryShowsTheCall() {
		EngineServer server = serve(Kind.STRAND_NETTY, HandlerSettings.DEFAULT, new EchoHandlers());
		// As a stream, since the client keeps back the headers of a unary call
		Outcome unary = Outcome.open(server.channel(), UNARY.toBuilder().setType(MethodType.BIDI_STREAMING).build(),
				soon());
		await().until(() -> server.engine().liveCalls().size() == 1);
		assertThat(server.engine().liveCalls().iterator().next().state()).isEqualTo(LiveCall.State.RECEIVING);
		unary.cancel();
		await().until(() -> server.engine().liveCalls().isEmpty());
		Outcome stream = Outcome.open(server.channel(), BIDI, soon());
		for (int i = 0; i < 3; i++) {
			stream.call().sendMessage(text("message"));
		}
		await().until(() -> stream.messages().size() == 3);
		await().untilAsserted(() -> assertThat(server.engine().liveCalls()).singleElement().satisfies((call) -> {
			assertThat(call.state()).isEqualTo(LiveCall.State.WAITING_FOR_MESSAGE);
			assertThat(call.method()).isEqualTo("strand.testing.Echo/Bidi");
			assertThat(call.received()).isEqualTo(3);
			assertThat(call.sent()).isEqualTo(3);
			assertThat(call.peer()).isNotNull();
			assertThat(call.age()).isPositive();
			assertThat(call.thread()).isNull();
		}));
		stream.call().halfClose();
		assertThat(stream.status().isOk()).isTrue();
	}

	// Races

	@ParameterizedTest
	@DisplayName("Deadlines that pass and cancels that come while calls start or complete leave nothing behind")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void cancelRacesStartAndCompletion(Kind kind) {
		CallLimit limit = limit("server", 50);
		EngineServer server = serve(kind, with(Duration.ofSeconds(30), limit), new EchoHandlers());
		List<Outcome> outcomes = new ArrayList<>();
		for (int i = 0; i < 3000; i++) {
			MethodDescriptor<Message, Message> method = (i % 2 == 0) ? UNARY : BIDI;
			Outcome outcome = Outcome.of(server.channel(), method, (i % 3 == 0)
					? io.grpc.CallOptions.DEFAULT.withDeadlineAfter(i % 7 * 200, TimeUnit.MICROSECONDS) : soon(),
					text("race"));
			if (i % 3 == 1) {
				for (int spin = 0; spin < i % 50 * 20; spin++) {
					Thread.onSpinWait();
				}
				outcome.cancel();
			}
			outcomes.add(outcome);
		}
		assertThat(outcomes).allSatisfy((outcome) -> assertThat(outcome.status().getCode()).isIn(Code.OK,
				Code.CANCELLED, Code.DEADLINE_EXCEEDED));
		await().untilAsserted(() -> {
			assertThat(limit.running()).isZero();
			assertThat(server.engine().admission().waiting()).isZero();
		});
		assertAnswers(server, "next");
	}

	@ParameterizedTest
	@DisplayName("A server that is stopped while calls start answers or fails each, and keeps none")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void stopRacesStart(Kind kind) throws Exception {
		for (int round = 0; round < 10; round++) {
			CallLimit limit = limit("server", 5);
			EngineServer server = serve(kind, (method) -> with(Duration.ofSeconds(5), limit), 3, List.of(),
					new EchoHandlers());
			assertAnswers(server, "first");
			List<Outcome> outcomes = new ArrayList<>();
			for (int i = 0; i < 100; i++) {
				outcomes.add(Outcome.of(server.channel(), (i % 2 == 0) ? UNARY : BIDI, soon(), text("race")));
				if (i == round * 10) {
					server.server().shutdownNow();
				}
			}
			server.close();
			assertThat(outcomes).allSatisfy((outcome) -> assertThat(outcome.status()).isNotNull());
			await().untilAsserted(() -> assertThat(server.engine().liveCalls()).isEmpty());
			assertThat(limit.running()).isZero();
		}
	}

	/** Records the threads that a listener is called on. */
	private static final class ThreadRecorder<Q> extends SimpleForwardingServerCallListener<Q> {

		private final Set<Thread> threads;

		ThreadRecorder(ServerCall.Listener<Q> delegate, Set<Thread> threads) {
			super(delegate);
			this.threads = threads;
		}

		@Override
		public void onMessage(Q message) {
			this.threads.add(Thread.currentThread());
			super.onMessage(message);
		}

		@Override
		public void onHalfClose() {
			this.threads.add(Thread.currentThread());
			super.onHalfClose();
		}

		@Override
		public void onReady() {
			this.threads.add(Thread.currentThread());
			super.onReady();
		}

		@Override
		public void onComplete() {
			this.threads.add(Thread.currentThread());
			super.onComplete();
		}

		@Override
		public void onCancel() {
			this.threads.add(Thread.currentThread());
			super.onCancel();
		}

	}

	/** A handler that sleeps until it is interrupted. */
	private static final class Sleeper {

		final ConcurrentLinkedQueue<Boolean> contexts = new ConcurrentLinkedQueue<>();

		private final AtomicInteger entered = new AtomicInteger();

		private final AtomicLong interrupted = new AtomicLong();

		private int awaited;

		void handle(Message request, StreamObserver<Message> responses) {
			if (!request.getText().equals("sleep")) {
				EchoHandlers.echo(request, responses);
				return;
			}
			this.entered.incrementAndGet();
			try {
				new CountDownLatch(1).await();
			}
			catch (InterruptedException ex) {
				this.contexts.add(Context.current().isCancelled());
				this.interrupted.set(System.nanoTime());
			}
		}

		void awaitEntered() {
			this.awaited++;
			await().pollInterval(Duration.ofMillis(1)).until(() -> this.entered.get() == this.awaited);
		}

		Duration bestOf(int rounds, java.util.function.LongSupplier start) {
			long best = Long.MAX_VALUE;
			for (int i = 0; i < rounds; i++) {
				this.interrupted.set(0);
				long begin = start.getAsLong();
				await().until(() -> this.interrupted.get() != 0);
				best = Math.min(best, this.interrupted.get() - begin);
			}
			return Duration.ofNanos(best);
		}

	}

	/** Starts the call later and on another thread, and keeps its events until then. */
	private static final class DelayedListener<Q, R> extends ServerCall.Listener<Q> {

		private final List<java.util.function.Consumer<ServerCall.Listener<Q>>> events = new ArrayList<>();

		private ServerCall.Listener<Q> delegate;

		DelayedListener(ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next,
				ScheduledExecutorService executor) {
			executor.schedule(() -> {
				ServerCall.Listener<Q> started = next.startCall(call, headers);
				synchronized (this) {
					this.events.forEach((event) -> event.accept(started));
					this.delegate = started;
				}
			}, 3, TimeUnit.MILLISECONDS);
		}

		private synchronized void event(java.util.function.Consumer<ServerCall.Listener<Q>> event) {
			if (this.delegate != null) {
				event.accept(this.delegate);
			}
			else {
				this.events.add(event);
			}
		}

		@Override
		public void onMessage(Q message) {
			event((listener) -> listener.onMessage(message));
		}

		@Override
		public void onHalfClose() {
			event(ServerCall.Listener::onHalfClose);
		}

		@Override
		public void onReady() {
			event(ServerCall.Listener::onReady);
		}

		@Override
		public void onCancel() {
			event(ServerCall.Listener::onCancel);
		}

		@Override
		public void onComplete() {
			event(ServerCall.Listener::onComplete);
		}

	}

}
