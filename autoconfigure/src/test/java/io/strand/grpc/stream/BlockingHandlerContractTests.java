package io.strand.grpc.stream;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.strand.grpc.call.CallLimit;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.LiveCall.State;
import io.strand.grpc.call.Threading;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The guarantees on handlers, held against blocking code.
 */
@Timeout(60)
@ExtendWith(OutputCaptureExtension.class)
class BlockingHandlerContractTests extends BlockingStreamTestBase {

	private static final String STYLES = """
			STRAND_NETTY, HANDLER
			STRAND_NETTY, IMPL_BASE
			STRAND_NETTY_PLATFORM, HANDLER
			STRAND_NETTY_PLATFORM, IMPL_BASE
			STRAND_IN_PROCESS, HANDLER
			STRAND_IN_PROCESS, IMPL_BASE""";

	private static final List<MethodDescriptor<Message, Message>> METHODS = List.of(UNARY, SERVER_STREAM, CLIENT_STREAM,
			BIDI);

	private static final Metadata.Key<String> KEY = Metadata.Key.of("reason", Metadata.ASCII_STRING_MARSHALLER);

	// H1

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("H1: interceptors, their callbacks and the body run on one thread; what the former set is there")
	void oneThreadFromInterceptorToBody(Kind kind) {
		ThreadLocal<String> local = new ThreadLocal<>();
		List<Thread> seen = new CopyOnWriteArrayList<>();
		List<String> found = new CopyOnWriteArrayList<>();
		ServerInterceptor interceptor = new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				seen.add(Thread.currentThread());
				return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

					@Override
					public void onReady() {
						within(super::onReady);
					}

					@Override
					public void onMessage(Q message) {
						within(() -> super.onMessage(message));
					}

					@Override
					public void onHalfClose() {
						within(super::onHalfClose);
					}

					private void within(Runnable callback) {
						seen.add(Thread.currentThread());
						String before = local.get();
						local.set("of the call");
						try {
							callback.run();
						}
						finally {
							local.set(before);
						}
					}

				};
			}

		};
		this.echo.unary = (request) -> {
			seen.add(Thread.currentThread());
			found.add(local.get());
			return request;
		};
		this.echo.bidi = (stream) -> {
			found.add(local.get());
			for (Message message : stream) {
				seen.add(Thread.currentThread());
				found.add(local.get());
				stream.send(message);
			}
		};
		start(kind, ConcurrentSend.SERIALIZE, interceptor);
		assertThat(call(UNARY, number(1)).status()).isEqualTo(Status.OK);
		assertThat(seen).containsOnly(seen.get(0));
		seen.clear();
		assertThat(call(BIDI, numbers(10)).status()).isEqualTo(Status.OK);
		assertThat(seen).hasSizeGreaterThan(20).containsOnly(seen.get(0));
		assertThat(found).hasSize(12).containsOnly("of the call");
	}

	// H3

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("H3: an interrupt never reaches another call")
	void interruptNeverReachesAnotherCall(Kind kind, Style style) {
		AtomicInteger stray = new AtomicInteger();
		this.echo.bidi = (stream) -> {
			if (Thread.currentThread().isInterrupted() && !stream.call().isCancelled()) {
				stray.incrementAndGet();
			}
			for (Message message : stream) {
				stream.send(message);
			}
			Thread.currentThread().interrupt(); // of its own
		};
		start(kind, style, ConcurrentSend.SERIALIZE);
		for (int round = 0; round < 300; round++) {
			Outcome cancelled = open(BIDI);
			cancelled.call().sendMessage(number(round));
			Outcome answered = call(BIDI, number(round), number(round));
			cancelled.cancel();
			assertThat(answered.status()).isEqualTo(Status.OK);
			assertThat(answered.messages()).hasSize(2);
		}
		assertThat(stray).hasValue(0);
	}

	// H4

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("H4: whatever a body throws ends its own call, with its status if it has one")
	void thrownEndsTheCall(Kind kind, CapturedOutput output) {
		AtomicReference<Throwable> thrown = new AtomicReference<>();
		throwing(thrown);
		start(kind, ConcurrentSend.SERIALIZE);
		for (MethodDescriptor<Message, Message> method : METHODS) {
			thrown.set(new IOException("secret text"));
			assertUnknown(call(method, number(1)));
			assertThat(output).contains("The handler of " + method.getFullMethodName() + " (call ");
			thrown.set(new StackOverflowError());
			assertUnknown(call(method, number(1)));
			Metadata trailers = new Metadata();
			trailers.put(KEY, "full");
			thrown.set(Status.RESOURCE_EXHAUSTED.withDescription("no more").asException(trailers));
			Outcome refused = call(method, number(1));
			assertThat(refused.status().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
			assertThat(refused.status().getDescription()).isEqualTo("no more");
			assertThat(refused.trailers().get(KEY)).isEqualTo("full");
			thrown.set(null);
			assertThat(call(method, number(1)).status()).isEqualTo(Status.OK);
		}
	}

	private void throwing(AtomicReference<Throwable> thrown) {
		this.echo.unary = (request) -> {
			throwIfSet(thrown);
			return request;
		};
		this.echo.serverStream = (request, responses) -> {
			responses.send(request);
			throwIfSet(thrown);
		};
		this.echo.clientStream = (requests) -> {
			Message first = requests.receive();
			throwIfSet(thrown);
			return first;
		};
		this.echo.bidi = (stream) -> {
			stream.send(stream.receive());
			throwIfSet(thrown);
		};
	}

	private static void throwIfSet(AtomicReference<Throwable> thrown) throws Throwable {
		if (thrown.get() != null) {
			throw thrown.get();
		}
	}

	private static void assertUnknown(Outcome outcome) {
		assertThat(outcome.status().getCode()).isEqualTo(Code.UNKNOWN);
		assertThat(outcome.status().getDescription()).startsWith("Application error processing RPC (call ");
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("H4, H11: a body that returns null fails, and the log says which")
	void nullIsNoAnswer(Kind kind, Style style, CapturedOutput output) {
		this.echo.unary = (request) -> null;
		this.echo.clientStream = (requests) -> null;
		start(kind, style, ConcurrentSend.SERIALIZE);
		assertUnknown(call(CLIENT_STREAM, number(1)));
		assertThat(output).contains("The handler of strand.testing.Echo/ClientStream returned null");
		if (style == Style.HANDLER) {
			assertUnknown(call(UNARY, number(1)));
			assertThat(output).contains("The handler of strand.testing.Echo/Unary returned null");
		}
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("H4: what an interceptor throws for a message reaches the receiver, and ends the call with its status")
	void interceptorRefusesAMessage(Kind kind, Style style) {
		AtomicInteger handled = new AtomicInteger();
		ServerInterceptor refuse = onMessage((message, delegate) -> {
			if (message.getNumber() == 3) {
				throw Status.INVALID_ARGUMENT.withDescription("three").asRuntimeException();
			}
			delegate.run();
		});
		this.echo.bidi = (stream) -> {
			for (Message message : stream) {
				stream.send(message);
				handled.incrementAndGet();
			}
		};
		start(kind, style, ConcurrentSend.SERIALIZE, refuse);
		Outcome outcome = call(BIDI, numbers(10));
		assertThat(outcome.status().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
		assertThat(outcome.status().getDescription()).isEqualTo("three");
		assertThat(outcome.messages()).containsExactly(numbers(3));
		assertThat(handled).hasValue(3);
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("H4: a body that goes on when a message was refused does not end its call well")
	void bodyGoesOnAfterARefusedMessage(Kind kind, Style style) {
		AtomicInteger thrown = new AtomicInteger();
		ServerInterceptor refuse = onMessage((message, delegate) -> {
			throw Status.INVALID_ARGUMENT.withDescription("refused").asRuntimeException();
		});
		Consumer<ClientStream<Message>> stubborn = (stream) -> {
			for (int i = 0; i < 2; i++) {
				thrown.addAndGet((BlockingStreamContractTests.thrownBy(stream::receive) != null) ? 1 : 0);
			}
		};
		this.echo.bidi = stubborn::accept;
		this.echo.clientStream = (stream) -> {
			stubborn.accept(stream);
			return number(1);
		};
		start(kind, style, ConcurrentSend.SERIALIZE, refuse);
		for (MethodDescriptor<Message, Message> method : List.of(BIDI, CLIENT_STREAM)) {
			Outcome outcome = call(method, numbers(3));
			assertThat(outcome.status().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
			assertThat(outcome.status().getDescription()).isEqualTo("refused");
			assertThat(outcome.messages()).isEmpty();
		}
		assertThat(thrown).hasValue(4);
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("H4: an interceptor that ends the call inside a message wakes the receiver")
	void interceptorEndsTheCall(Kind kind, Style style) throws Exception {
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		this.echo.bidi = (stream) -> {
			Throwable ex = BlockingStreamContractTests.thrownBy(stream::receive);
			thrown.complete(ex);
			throw ex;
		};
		ServerInterceptor closing = new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

					@Override
					public void onMessage(Q message) {
						call.close(Status.PERMISSION_DENIED, new Metadata());
					}

				};
			}

		};
		start(kind, style, ConcurrentSend.SERIALIZE, closing);
		assertThat(call(BIDI, number(1)).status().getCode()).isEqualTo(Code.PERMISSION_DENIED);
		assertThat(Status.fromThrowable(thrown.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Code.CANCELLED);
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("H4: a call that another thread ends wakes the receiver")
	void anotherThreadEndsTheCall(Kind kind, Style style) throws Exception {
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		CompletableFuture<ServerCall<?, ?>> call = new CompletableFuture<>();
		this.echo.bidi = (stream) -> thrown.complete(BlockingStreamContractTests.thrownBy(stream::receive));
		start(kind, style, ConcurrentSend.SERIALIZE, new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> started, Metadata headers,
					ServerCallHandler<Q, R> next) {
				call.complete(started);
				return next.startCall(started, headers);
			}

		});
		Outcome outcome = open(BIDI);
		awaitState(State.WAITING_FOR_MESSAGE);
		call.get(10, TimeUnit.SECONDS).close(Status.UNAVAILABLE, new Metadata());
		assertThat(outcome.status().getCode()).isEqualTo(Code.UNAVAILABLE);
		assertThat(Status.fromThrowable(thrown.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Code.CANCELLED);
	}

	// H11

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("H11: a call is answered once, whatever races with the answer")
	void answersOnce(Kind kind) {
		Map<String, AtomicInteger> ends = new ConcurrentHashMap<>();
		ServerInterceptor counting = new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				AtomicInteger messages = new AtomicInteger();
				AtomicInteger closes = new AtomicInteger();
				return next.startCall(new SimpleForwardingServerCall<>(call) {

					@Override
					public void sendMessage(R message) {
						if (messages.incrementAndGet() > 1) {
							ends.computeIfAbsent("messages", (key) -> new AtomicInteger()).incrementAndGet();
						}
						super.sendMessage(message);
					}

					@Override
					public void close(Status status, Metadata trailers) {
						if (closes.incrementAndGet() > 1) {
							ends.computeIfAbsent("closes", (key) -> new AtomicInteger()).incrementAndGet();
						}
						super.close(status, trailers);
					}

				}, headers);
			}

		};
		start(kind, ConcurrentSend.SERIALIZE, counting);
		for (int round = 0; round < 300; round++) {
			for (MethodDescriptor<Message, Message> method : List.of(UNARY, CLIENT_STREAM)) {
				Outcome outcome = call(method, number(round));
				for (int spin = 0; spin < round * 50; spin++) {
					Thread.onSpinWait();
				}
				outcome.cancel();
				assertThat(outcome.status().getCode()).isIn(Code.OK, Code.CANCELLED);
				assertThat(outcome.messages()).hasSizeLessThanOrEqualTo(1);
			}
		}
		await().untilAsserted(() -> assertThat(server().engine().liveCalls()).isEmpty());
		assertThat(ends).isEmpty();
	}

	@Test
	@DisplayName("H11: a request that is missing or comes twice is refused, and the body does not run")
	void oneRequestIsNeeded() {
		AtomicBoolean ran = new AtomicBoolean();
		this.echo.unary = (request) -> {
			ran.set(true);
			return request;
		};
		start(Kind.STRAND_NETTY, ConcurrentSend.SERIALIZE);
		assertThat(call(UNARY).status().getCode()).isEqualTo(Code.INTERNAL);
		MethodDescriptor<Message, Message> wrong = UNARY.toBuilder()
			.setType(MethodDescriptor.MethodType.BIDI_STREAMING)
			.build();
		assertThat(call(wrong, number(1), number(2)).status().getCode()).isEqualTo(Code.INTERNAL);
		assertThat(ran).isFalse();
	}

	// Structured use

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("An exception of a receiving thread interrupts the body and ends the call")
	void receivingThreadFails(Kind kind, Style style) throws Exception {
		CompletableFuture<Throwable> body = new CompletableFuture<>();
		this.echo.bidi = (stream) -> {
			stream.receiveEach((message) -> {
				throw new IOException("the consumer");
			});
			Throwable thrown = BlockingStreamContractTests.thrownBy(() -> TimeUnit.SECONDS.sleep(30));
			body.complete(thrown);
			throw thrown;
		};
		start(kind, style, ConcurrentSend.SERIALIZE);
		assertUnknown(call(BIDI, number(1)));
		assertThat(body.get(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
		this.echo.bidi = (stream) -> stream.receiveEach((message) -> {
			throw Status.NOT_FOUND.asException();
		}).join();
		assertThat(call(BIDI, number(1)).status().getCode()).isEqualTo(Code.NOT_FOUND);
		assertThat(call(BIDI).status()).isEqualTo(Status.OK);
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("H3: where a cancel is not to interrupt, a receiving thread that ends with it does not either")
	void receivingThreadDoesNotInterruptWhereACancelIsNotTo(Kind kind, Style style) throws Exception {
		CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
		CountDownLatch receives = new CountDownLatch(1);
		this.echo.bidi = (stream) -> {
			Receiving receiving = stream.receiveEach((message) -> receives.countDown());
			while (receiving.isActive()) {
				Thread.onSpinWait();
			}
			interrupted.complete(Thread.currentThread().isInterrupted());
		};
		HandlerSettings quiet = new HandlerSettings(Threading.PLATFORM, false, ConcurrentSend.SERIALIZE, null,
				HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(), Duration.ZERO);
		start(kind, quiet, style.of(this.echo));
		Outcome outcome = open(BIDI);
		outcome.call().sendMessage(number(1));
		within(receives);
		outcome.cancel();
		assertThat(interrupted.get(10, TimeUnit.SECONDS)).isFalse();
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("H5: callbacks come one at a time and see what the one before wrote, whoever receives")
	void callbacksAreDeliveredOneAtATime(Kind kind, Style style) {
		int count = 2_000;
		AtomicBoolean inside = new AtomicBoolean();
		AtomicInteger wrong = new AtomicInteger();
		int[] plain = new int[1];
		this.echo.clientStream = (requests) -> {
			ConcurrentRun.of(8, (index) -> {
				while (requests.receive() != null) {
					Thread.yield(); // lets another one deliver
				}
			}).join(Duration.ofSeconds(20));
			return number(plain[0]);
		};
		start(kind, style, ConcurrentSend.SERIALIZE, onMessage((message, delegate) -> {
			if (!inside.compareAndSet(false, true) || plain[0] != message.getNumber()) {
				wrong.incrementAndGet();
			}
			plain[0]++;
			delegate.run();
			inside.set(false);
		}));
		Outcome outcome = call(CLIENT_STREAM, numbers(count));
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(outcome.messages()).containsExactly(number(count));
		assertThat(wrong).hasValue(0);
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("H8: a limit counts bodies that run, also of calls whose clients have gone")
	void limitCountsBodies(Kind kind, Style style) {
		CountDownLatch entered = new CountDownLatch(1);
		CountDownLatch received = new CountDownLatch(1);
		CountDownLatch open = new CountDownLatch(1);
		AtomicInteger running = new AtomicInteger();
		AtomicInteger most = new AtomicInteger();
		this.echo.bidi = (stream) -> {
			most.accumulateAndGet(running.incrementAndGet(), Math::max);
			entered.countDown();
			if (stream.receive() != null) {
				received.countDown();
				awaitUninterruptibly(open);
			}
			running.decrementAndGet();
		};
		HandlerSettings limited = new HandlerSettings(Threading.AUTO, true, ConcurrentSend.SERIALIZE, null,
				HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(new CallLimit("test", 1)), Duration.ZERO);
		start(kind, limited, style.of(this.echo));
		Outcome waits = open(BIDI);
		within(entered);
		assertThat(call(BIDI).status().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
		waits.call().sendMessage(number(1));
		within(received);
		waits.cancel();
		for (int i = 0; i < 20; i++) {
			assertThat(call(BIDI).status().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
		}
		open.countDown();
		awaitNoCalls();
		assertThat(call(BIDI).status()).isEqualTo(Status.OK);
		awaitNoCalls();
		assertThat(most).hasValue(1);
	}

	private static void awaitUninterruptibly(CountDownLatch latch) {
		while (latch.getCount() > 0) {
			try {
				latch.await();
			}
			catch (InterruptedException ex) {
				// As a body may do
			}
		}
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("A receiving thread ends with the body: the call completes after it, not before")
	void receivingThreadEndsWithTheBody(Kind kind, Style style) {
		AtomicReference<Receiving> receiving = new AtomicReference<>();
		CountDownLatch consuming = new CountDownLatch(1);
		AtomicBoolean interrupted = new AtomicBoolean();
		this.echo.bidi = (stream) -> {
			receiving.set(stream.receiveEach((message) -> {
				consuming.countDown();
				try {
					TimeUnit.SECONDS.sleep(30);
				}
				catch (InterruptedException ex) {
					interrupted.set(true);
					throw ex;
				}
			}));
			within(consuming);
			stream.send(number(2));
		};
		start(kind, style, ConcurrentSend.SERIALIZE);
		Outcome outcome = open(BIDI);
		outcome.call().sendMessage(number(1));
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(receiving.get().isActive()).isFalse();
		assertThat(interrupted).isTrue();
		assertThat(outcome.messages()).containsExactly(number(2));
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("H2: bodies that wait for messages delay no other call")
	void waitingBodiesDelayNobody(Kind kind) {
		start(kind, ConcurrentSend.SERIALIZE);
		List<Outcome> waiting = new CopyOnWriteArrayList<>();
		for (int i = 0; i < 90; i++) {
			waiting.add(open(BIDI));
		}
		awaitState(State.WAITING_FOR_MESSAGE);
		await().atMost(Duration.ofSeconds(10))
			.untilAsserted(() -> assertThat(server().engine().liveCalls())
				.filteredOn((call) -> call.state() == State.WAITING_FOR_MESSAGE)
				.hasSize(90));
		assertThat(call(UNARY, number(1)).messages()).isNotNull();
		assertThat(call(UNARY, number(1)).status()).isEqualTo(Status.OK);
		waiting.forEach((outcome) -> outcome.call().halfClose());
		waiting.forEach((outcome) -> assertThat(outcome.status()).isEqualTo(Status.OK));
	}

	static ServerInterceptor onMessage(OnMessage onMessage) {
		return new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

					@Override
					public void onMessage(Q message) {
						onMessage.run((Message) message, () -> super.onMessage(message));
					}

				};
			}

		};
	}

	interface OnMessage {

		void run(Message message, Runnable delegate);

	}

}
