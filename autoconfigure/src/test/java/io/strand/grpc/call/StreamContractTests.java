package io.strand.grpc.call;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.SlowClient;
import io.strand.grpc.testing.TcpProxy;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.test.util.ReflectionTestUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * The guarantees on streams, S1 to S9, held against unmodified generated code.
 */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class StreamContractTests {

	private static final ByteString LARGE = ByteString.copyFrom(new byte[16 * 1024]);

	private static final int LARGE_MESSAGES = 300;

	/** 64 KiB of window and 32 KiB of queue take six large messages. */
	private static final int MOST_BUFFERED = 12;

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final Service service = new Service();

	private @Nullable EngineServer server;

	/** What Netty finds wrong with its own state, which unguarded senders corrupt. */
	private final ListAppender<ILoggingEvent> broken = new ListAppender<>();

	private final Logger connections = (Logger) LoggerFactory.getLogger(DefaultHttp2Connection.class);

	@BeforeEach
	void listenToNetty() {
		this.broken.start();
		this.connections.addAppender(this.broken);
	}

	@AfterEach
	void stop() throws InterruptedException {
		EngineServer started = this.server;
		if (started != null) {
			// Before the close, which ends every call
			await().untilAsserted(() -> assertThat(started.engine().liveCalls()).isEmpty());
			started.close();
		}
		this.threads.shutdownNow();
		this.connections.detachAppender(this.broken);
		if (started == null || started.kind().isStrand()) {
			assertThat(this.broken.list).filteredOn((event) -> event.getLevel() == Level.ERROR).isEmpty();
		}
	}

	// S1

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S1: one thread sends while another one receives")
	void oneThreadSendsWhileAnotherReceives(Kind kind) throws Exception {
		int count = 10_000;
		AtomicInteger received = new AtomicInteger();
		CompletableFuture<Void> sent = new CompletableFuture<>();
		this.service.bidi = (out) -> {
			run(sent, () -> {
				for (int i = 0; i < count; i++) {
					out.onNext(number(i));
				}
			});
			return new Requests((message) -> assertThat(message.getNumber()).isEqualTo(received.getAndIncrement()),
					() -> {
						sent.join();
						out.onCompleted();
					});
		};
		start(kind, ConcurrentSend.FAIL);
		Responses responses = new Responses(1);
		StreamObserver<Message> requests = stub().bidi(responses);
		for (int i = 0; i < count; i++) {
			requests.onNext(number(i));
		}
		requests.onCompleted();
		assertThat(responses.end()).isEqualTo(Status.OK);
		assertThat(responses.next[0]).isEqualTo(count);
		assertThat(received).hasValue(count);
	}

	// S2

	@Timeout(300) // 960,000 messages, on whatever machine
	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, 3", "STRAND_NETTY_PLATFORM, 1", "STRAND_IN_PROCESS, 1" })
	@DisplayName("S2: 32 threads send 10,000 messages each on one stream, and all arrive in each one's order")
	void manyThreadsSendOnOneStream(Kind kind, int rounds) throws Exception {
		this.service.serverStream = sendFrom(32, 10_000);
		this.service.bidi = echo();
		start(kind, ConcurrentSend.SERIALIZE);
		Responses bystander = new Responses(1);
		StreamObserver<Message> bystanderRequests = stub().bidi(bystander);
		for (int round = 0; round < rounds; round++) {
			bystanderRequests.onNext(number(round));
			Responses responses = new Responses(32);
			stub().serverStream(number(round), responses);
			assertThat(responses.end.get(90, TimeUnit.SECONDS)).isEqualTo(Status.OK);
			assertThat(responses.disorder).isNull();
			assertThat(responses.next).containsOnly(10_000);
		}
		bystanderRequests.onCompleted();
		assertThat(bystander.end()).isEqualTo(Status.OK);
		assertThat(bystander.next[0]).isEqualTo(rounds);
		assertThat(started().connections()).isEqualTo(1);
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S2: the race for the first message of a stream has no loser")
	void manyThreadsRaceForTheFirstMessage(Kind kind) throws Exception {
		this.service.serverStream = sendFrom(8, 2);
		start(kind, ConcurrentSend.SERIALIZE);
		for (int round = 0; round < 500; round++) {
			Responses responses = new Responses(8);
			stub().serverStream(number(round), responses);
			assertThat(responses.end()).isEqualTo(Status.OK);
			assertThat(responses.disorder).isNull();
			assertThat(responses.next).containsOnly(2);
		}
		assertThat(started().connections()).isEqualTo(1);
	}

	@Test
	@Tag("loses-buffers")
	@DisplayName("S2: plain grpc-java breaks when many threads send on one stream")
	void plainGrpcBreaksWhenManyThreadsSend() throws Exception {
		this.service.serverStream = sendFrom(8, 500);
		start(Kind.PLAIN_GRPC, ConcurrentSend.SERIALIZE);
		boolean broken = false;
		for (int round = 0; round < 200 && !broken; round++) {
			Responses responses = new Responses(8);
			stub().serverStream(number(round), responses);
			try {
				broken = !responses.end.get(3, TimeUnit.SECONDS).isOk() || responses.disorder != null
						|| IntStream.of(responses.next).anyMatch((count) -> count != 500);
			}
			catch (TimeoutException ex) {
				broken = true;
			}
		}
		assertThat(broken).isTrue();
	}

	// S3

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S3: the second sender is told who sends and where, the first one is unharmed")
	void secondSenderIsToldInFailMode(Kind kind) throws Exception {
		AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
		AtomicReference<@Nullable Thread> first = new AtomicReference<>();
		this.service.serverStream = (request, out) -> {
			first.set(Thread.currentThread());
			Future<?> second = this.threads.submit(() -> {
				awaitBlocked();
				try {
					out.onNext(large(-1));
				}
				catch (RuntimeException ex) {
					thrown.set(ex);
				}
			});
			for (int i = 0; i < 20; i++) {
				out.onNext(large(i));
			}
			get(second);
			out.onCompleted();
		};
		start(kind, ConcurrentSend.FAIL);
		SlowClient client = new SlowClient();
		stub().serverStream(number(0), client);
		await().untilAsserted(() -> assertThat(thrown).doesNotHaveNullValue());
		client.readAll();
		assertThat(client.end()).isEqualTo(Status.OK);
		assertThat(client.messages()).extracting(Message::getNumber)
			.containsExactlyElementsOf(IntStream.range(0, 20).boxed().toList());
		Thread holder = first.get();
		assertThat(holder).isNotNull();
		assertThat(thrown.get()).isInstanceOf(ConcurrentStreamUseException.class)
			.hasMessageContaining("strand.testing.Echo/ServerStream (call ")
			.hasMessageContaining(End.describe(holder))
			.hasMessageContaining("thread pool-")
			.hasMessageContaining("waits for the peer to read");
		assertThat(thrown.get().getSuppressed()[0].getStackTrace())
			.anyMatch((frame) -> frame.getClassName().equals(StreamContractTests.class.getName()));
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S3: threads that take turns and interceptors that send more are no violation")
	void noFalseAlarmInFailMode(Kind kind) throws Exception {
		int count = 2_000;
		this.service.serverStream = (request, out) -> {
			BlockingQueue<Integer> turns = new LinkedBlockingQueue<>();
			BlockingQueue<Integer> done = new LinkedBlockingQueue<>();
			Future<?> other = this.threads.submit(() -> {
				for (int i = 0; i < count / 2; i++) {
					out.onNext(number(turns.take()));
					done.add(i);
				}
				return null;
			});
			for (int i = 0; i < count; i += 2) {
				out.onNext(number(i));
				turns.add(i + 1);
				take(done);
			}
			get(other);
			out.onCompleted();
		};
		ServerInterceptor twice = new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				return next.startCall(new SimpleForwardingServerCall<>(call) {

					@Override
					public void sendMessage(R message) {
						super.sendMessage(message);
						super.sendMessage(message);
					}

				}, headers);
			}

		};
		start(kind, settings(ConcurrentSend.FAIL, 64), List.of(twice), UnaryOperator.identity());
		List<Integer> numbers = new ArrayList<>();
		Responses responses = new Responses(1);
		responses.onMessage = (message) -> numbers.add(message.getNumber());
		stub().serverStream(number(0), responses);
		assertThat(responses.end()).isEqualTo(Status.OK);
		assertThat(numbers).containsExactlyElementsOf(IntStream.range(0, 2 * count).map((i) -> i / 2).boxed().toList());
	}

	// S5

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S5: the handler's thread blocks while the client does not read")
	void handlerThreadBlocksWhileTheClientDoesNotRead(Kind kind) throws Exception {
		AtomicInteger sent = new AtomicInteger();
		this.service.serverStream = (request, out) -> {
			sendLarge(out, 0, LARGE_MESSAGES, sent);
			out.onCompleted();
		};
		start(kind, ConcurrentSend.SERIALIZE);
		SlowClient client = new SlowClient();
		stub().serverStream(number(0), client);
		awaitBlocked();
		assertThat(sent).hasValueLessThanOrEqualTo(MOST_BUFFERED);
		// Others on the same connection are answered meanwhile
		assertThat(EchoGrpc.newBlockingStub(started().channel()).unary(number(7)).getNumber()).isEqualTo(7);
		assertReadsAll(client);
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S5: threads of the handler's own block while the client does not read")
	void ownThreadsBlockWhileTheClientDoesNotRead(Kind kind) throws Exception {
		AtomicInteger sent = new AtomicInteger();
		int each = LARGE_MESSAGES / 4;
		this.service.serverStream = (request, out) -> {
			AtomicInteger running = new AtomicInteger(4);
			for (int t = 0; t < 4; t++) {
				int from = t * each;
				this.threads.execute(() -> {
					sendLarge(out, from, from + each, sent);
					if (running.decrementAndGet() == 0) {
						out.onCompleted();
					}
				});
			}
		};
		start(kind, ConcurrentSend.SERIALIZE);
		SlowClient client = new SlowClient();
		stub().serverStream(number(0), client);
		awaitBlocked();
		assertThat(sent).hasValueLessThanOrEqualTo(MOST_BUFFERED);
		client.readAll();
		assertThat(client.end()).isEqualTo(Status.OK);
		assertThat(client.messages()).hasSize(LARGE_MESSAGES);
		for (int t = 0; t < 4; t++) {
			int from = t * each;
			assertThat(client.messages()).extracting(Message::getNumber)
				.filteredOn((number) -> number / each * each == from)
				.containsExactlyElementsOf(IntStream.range(from, from + each).boxed().toList());
		}
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S5: a send from inside the request's onNext blocks while the client does not read")
	void sendInsideOnNextBlocksWhileTheClientDoesNotRead(Kind kind) throws Exception {
		AtomicInteger sent = new AtomicInteger();
		this.service.bidi = (out) -> new Requests(
				(message) -> sendLarge(out, message.getNumber(), message.getNumber() + 10, sent), out::onCompleted);
		start(kind, ConcurrentSend.SERIALIZE);
		SlowClient client = new SlowClient();
		StreamObserver<Message> requests = stub().bidi(client);
		for (int i = 0; i < LARGE_MESSAGES; i += 10) {
			requests.onNext(number(i));
		}
		requests.onCompleted();
		awaitBlocked();
		assertThat(sent).hasValueLessThanOrEqualTo(MOST_BUFFERED);
		assertReadsAll(client);
	}

	@Test
	@DisplayName("S5: plain grpc-java buffers all that the client does not read")
	void plainGrpcBuffersAll() throws Exception {
		AtomicInteger sent = new AtomicInteger();
		this.service.serverStream = (request, out) -> {
			sendLarge(out, 0, LARGE_MESSAGES, sent);
			out.onCompleted();
		};
		start(Kind.PLAIN_GRPC, ConcurrentSend.SERIALIZE);
		stub().serverStream(number(0), new SlowClient());
		await().untilAsserted(() -> assertThat(sent).hasValue(LARGE_MESSAGES));
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S5: a handler that looks at readiness itself is never blocked")
	void manualFlowControlIsUntouched(Kind kind) throws Exception {
		AtomicInteger next = new AtomicInteger();
		AtomicBoolean waited = new AtomicBoolean();
		this.service.serverStream = (request, out) -> {
			ServerCallStreamObserver<Message> observer = (ServerCallStreamObserver<Message>) out;
			Runnable pump = () -> {
				while (observer.isReady() && next.get() < LARGE_MESSAGES) {
					out.onNext(large(next.getAndIncrement()));
					waited.compareAndSet(false, !blockedTime().isZero());
				}
				if (next.get() == LARGE_MESSAGES && next.getAndIncrement() == LARGE_MESSAGES) {
					out.onCompleted();
				}
			};
			observer.setOnReadyHandler(pump);
		};
		start(kind, ConcurrentSend.SERIALIZE);
		SlowClient client = new SlowClient();
		stub().serverStream(number(0), client);
		await().untilAsserted(() -> assertThat(next).hasPositiveValue());
		assertReadsAll(client);
		assertThat(waited).isFalse();
	}

	// S6

	enum Cause {

		CANCEL(Status.Code.CANCELLED), DEADLINE(Status.Code.DEADLINE_EXCEEDED), CONNECTION_LOST(Status.Code.CANCELLED),
		SERVER_SHUTDOWN_NOW(Status.Code.CANCELLED);

		private final Status.Code expected;

		Cause(Status.Code expected) {
			this.expected = expected;
		}

	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, CANCEL", "STRAND_NETTY, DEADLINE", "STRAND_NETTY, CONNECTION_LOST",
			"STRAND_NETTY, SERVER_SHUTDOWN_NOW", "STRAND_NETTY_PLATFORM, CANCEL", "STRAND_NETTY_PLATFORM, DEADLINE",
			"STRAND_NETTY_PLATFORM, CONNECTION_LOST", "STRAND_NETTY_PLATFORM, SERVER_SHUTDOWN_NOW",
			"STRAND_IN_PROCESS, CANCEL", "STRAND_IN_PROCESS, DEADLINE", "STRAND_IN_PROCESS, SERVER_SHUTDOWN_NOW" })
	@DisplayName("S6: what ends the call ends blocked sends at once, with its status")
	void blockedSendsEndWithTheCall(Kind kind, Cause cause) throws Exception {
		List<CompletableFuture<Throwable>> ends = List.of(new CompletableFuture<>(), new CompletableFuture<>());
		CountDownLatch handlerGone = new CountDownLatch(1);
		this.service.serverStream = (request, out) -> {
			// One of the two waits for the client, the other one for the first
			this.threads.execute(() -> sendUntilRefused(out, ends.get(0)));
			sendUntilRefused(out, ends.get(1));
			handlerGone.countDown();
		};
		start(kind, ConcurrentSend.SERIALIZE);
		SlowClient client = new SlowClient();
		try (TcpProxy proxy = (kind != Kind.STRAND_IN_PROCESS) ? new TcpProxy(started().server().getPort()) : null) {
			ManagedChannel channel = (proxy != null) ? NettyChannelBuilder.forAddress("localhost", proxy.port())
				.usePlaintext()
				.flowControlWindow(65535)
				.build() : started().channel();
			try {
				EchoGrpc.EchoStub stub = EchoGrpc.newStub(channel);
				if (cause == Cause.DEADLINE) {
					stub = stub.withInterceptors(new SilentDeadline());
				}
				stub.serverStream(number(0), client);
				if (cause != Cause.DEADLINE) {
					awaitBlocked();
				}
				switch (cause) {
					case CANCEL -> client.cancel();
					case DEADLINE -> awaitBlockedOr(() -> ends.get(1).isDone());
					case CONNECTION_LOST -> proxy.close();
					case SERVER_SHUTDOWN_NOW -> started().server().shutdownNow();
				}
				for (int i = 0; i < 2; i++) {
					Throwable ex = ends.get(i).get(10, TimeUnit.SECONDS);
					assertThat(ex).isInstanceOf(StatusRuntimeException.class);
					assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(cause.expected);
				}
				assertThat(handlerGone.await(5, TimeUnit.SECONDS)).isTrue();
			}
			finally {
				// Or gRPC keeps what the client has not read, after a lost connection
				// even then
				client.readAll();
				client.cancel();
				channel.shutdownNow();
			}
		}
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S6: an interrupt ends a blocked send, which then was not sent, and nothing else")
	void interruptEndsABlockedSend(Kind kind) throws Exception {
		AtomicReference<@Nullable Thread> sender = new AtomicReference<>();
		AtomicInteger refused = new AtomicInteger(-1);
		AtomicBoolean flagKept = new AtomicBoolean();
		this.service.serverStream = (request, out) -> {
			Future<?> task = this.threads.submit(() -> {
				sender.set(Thread.currentThread());
				for (int i = 0; i < 30; i++) {
					try {
						out.onNext(large(i));
					}
					catch (StatusRuntimeException ex) {
						assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.CANCELLED);
						assertThat(refused.getAndSet(i)).isEqualTo(-1);
						flagKept.set(Thread.interrupted());
					}
				}
				return null;
			});
			get(task);
			out.onCompleted();
		};
		start(kind, ConcurrentSend.SERIALIZE);
		SlowClient client = new SlowClient();
		stub().serverStream(number(0), client);
		awaitBlocked();
		Thread blocked = sender.get();
		assertThat(blocked).isNotNull();
		blocked.interrupt();
		await().untilAsserted(() -> assertThat(refused).doesNotHaveValue(-1));
		client.readAll();
		assertThat(client.end()).isEqualTo(Status.OK);
		assertThat(client.messages()).extracting(Message::getNumber)
			.containsExactlyElementsOf(IntStream.range(0, 30).filter((i) -> i != refused.get()).boxed().toList());
		assertThat(flagKept).isTrue();
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S6: no wake-up is lost when reads race with sends")
	void noWakeUpIsLostWhenReadsRaceWithSends(Kind kind) throws Exception {
		int count = 3_000;
		this.service.serverStream = (request, out) -> {
			for (int i = 0; i < count; i++) {
				out.onNext(number(i));
			}
			out.onCompleted();
		};
		// With a threshold of one byte, each message has to wait for the one before it
		HandlerSettings settings = new HandlerSettings(Threading.AUTO, true, ConcurrentSend.SERIALIZE, 1, 64, List.of(),
				Duration.ZERO);
		start(kind, settings, List.of(), UnaryOperator.identity());
		Responses responses = new Responses(1);
		stub().serverStream(number(0), responses);
		assertThat(responses.end()).isEqualTo(Status.OK);
		assertThat(responses.next[0]).isEqualTo(count);
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S6: a cancel that races with sends leaves no sender behind")
	void cancelRacesWithSends(Kind kind) throws Exception {
		AtomicInteger running = new AtomicInteger();
		this.service.serverStream = (request, out) -> {
			running.incrementAndGet();
			try {
				while (true) {
					out.onNext(large(0));
				}
			}
			finally {
				running.decrementAndGet();
			}
		};
		start(kind, ConcurrentSend.SERIALIZE);
		for (int i = 0; i < 500; i++) {
			SlowClient client = new SlowClient();
			stub().serverStream(number(0), client);
			if (i % 2 == 0) {
				client.readAll();
			}
			for (int spin = 0; spin < i * 100; spin++) {
				Thread.onSpinWait();
			}
			client.cancel();
		}
		// The last ones may still be on their way
		await().untilAsserted(() -> {
			assertThat(started().engine().liveCalls()).isEmpty();
			assertThat(running).hasValue(0);
		});
	}

	// S7

	@ParameterizedTest
	@EnumSource(value = Kind.class, names = { "STRAND_NETTY", "STRAND_NETTY_PLATFORM" })
	@ExtendWith(OutputCaptureExtension.class)
	@DisplayName("S7: an event loop queues what the client does not take, and is refused when the queue is full")
	void eventLoopIsNotBlocked(Kind kind, CapturedOutput output) throws Exception {
		((AtomicBoolean) ReflectionTestUtils.getField(EventLoopSends.class, "warned")).set(false);
		CompletableFuture<StreamObserver<Message>> observer = new CompletableFuture<>();
		this.service.serverStream = (request, out) -> observer.complete(out);
		start(kind, ConcurrentSend.SERIALIZE);
		SlowClient client = new SlowClient();
		stub().serverStream(number(0), client);
		StreamObserver<Message> out = observer.get(5, TimeUnit.SECONDS);
		AtomicInteger sent = new AtomicInteger();
		onEventLoop(() -> {
			assertThatExceptionOfType(StatusRuntimeException.class)
				.isThrownBy(() -> sendLarge(out, 0, LARGE_MESSAGES, sent))
				.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
			assertThat(sent).hasValueBetween(64, 64 + MOST_BUFFERED);
		});
		// The loop serves others
		assertThat(EchoGrpc.newBlockingStub(started().channel()).unary(number(7)).getNumber()).isEqualTo(7);
		client.readAll();
		await().untilAsserted(() -> assertThat(client.messages()).hasSize(sent.get()));
		onEventLoop(() -> {
			out.onNext(large(sent.get()));
			out.onCompleted();
		});
		assertThat(client.end()).isEqualTo(Status.OK);
		assertThat(client.messages()).extracting(Message::getNumber)
			.containsExactlyElementsOf(IntStream.rangeClosed(0, sent.get()).boxed().toList());
		assertThat(output.toString().split("is sent to by the event loop", -1)).hasSize(2);
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, names = { "STRAND_NETTY", "STRAND_NETTY_PLATFORM" })
	@DisplayName("S7: an event loop does not wait for a thread that is blocked sending")
	void eventLoopDoesNotWaitForABlockedSender(Kind kind) throws Exception {
		CompletableFuture<StreamObserver<Message>> observer = new CompletableFuture<>();
		AtomicInteger sent = new AtomicInteger();
		this.service.serverStream = (request, out) -> {
			observer.complete(out);
			sendLarge(out, 0, 30, sent);
		};
		start(kind, ConcurrentSend.SERIALIZE);
		SlowClient client = new SlowClient();
		stub().serverStream(number(0), client);
		StreamObserver<Message> out = observer.get(5, TimeUnit.SECONDS);
		awaitBlocked();
		onEventLoop(() -> {
			for (int i = 0; i < 64; i++) {
				out.onNext(number(1000 + i));
			}
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> out.onNext(number(-1)))
				.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
		});
		client.readAll();
		await().untilAsserted(() -> assertThat(client.messages()).hasSize(94));
		onEventLoop(out::onCompleted);
		assertThat(client.end()).isEqualTo(Status.OK);
		assertThat(client.messages()).extracting(Message::getNumber)
			.filteredOn((number) -> number >= 1000)
			.containsExactlyElementsOf(IntStream.range(1000, 1064).boxed().toList());
		assertThat(client.messages()).extracting(Message::getNumber)
			.filteredOn((number) -> number < 1000)
			.containsExactlyElementsOf(IntStream.range(0, 30).boxed().toList());
	}

	// S8

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S8: a send or an end after the end is refused and told how the call ended")
	void nothingGoesAfterTheEnd(Kind kind) throws Exception {
		CompletableFuture<StreamObserver<Message>> observer = new CompletableFuture<>();
		this.service.serverStream = (request, out) -> {
			out.onNext(number(0));
			out.onCompleted();
			observer.complete(out);
		};
		start(kind, ConcurrentSend.SERIALIZE);
		Responses responses = new Responses(1);
		stub().serverStream(number(0), responses);
		StreamObserver<Message> out = observer.get(5, TimeUnit.SECONDS);
		assertThatIllegalStateException().isThrownBy(() -> out.onNext(number(1)))
			.withMessageContaining("already completed");
		assertThatIllegalStateException().isThrownBy(out::onCompleted)
			.withMessageMatching(
					"strand.testing.Echo/ServerStream \\(call \\d+\\) was already completed by thread .*#\\d+"
							+ " \\d+ ms ago; it cannot be completed as well");
		assertThatIllegalStateException().isThrownBy(() -> out.onError(Status.ABORTED.asException()))
			.withMessageContaining("it cannot be ended with ABORTED as well");
		assertThat(responses.end()).isEqualTo(Status.OK);
		assertThat(responses.next[0]).isEqualTo(1);
	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, 10000", "STRAND_NETTY_PLATFORM, 2000", "STRAND_IN_PROCESS, 10000" })
	@DisplayName("S8: of racing ends exactly one wins, and the others are told")
	void racingEndsHaveOneWinner(Kind kind, int rounds) throws Exception {
		CyclicBarrier gate = new CyclicBarrier(2);
		BlockingQueue<String> outcomes = new LinkedBlockingQueue<>();
		BlockingQueue<StreamObserver<Message>> good = new LinkedBlockingQueue<>();
		BlockingQueue<StreamObserver<Message>> bad = new LinkedBlockingQueue<>();
		this.threads.submit(() -> {
			while (true) {
				StreamObserver<Message> out = good.take();
				gate.await();
				outcomes.add(outcome("OK", out::onCompleted));
			}
		});
		this.threads.submit(() -> {
			while (true) {
				StreamObserver<Message> out = bad.take();
				gate.await();
				outcomes.add(outcome("ABORTED", () -> out.onError(Status.ABORTED.asException())));
			}
		});
		this.service.serverStream = (request, out) -> {
			good.add(out);
			bad.add(out);
		};
		start(kind, ConcurrentSend.SERIALIZE);
		for (int round = 0; round < rounds; round++) {
			Responses responses = new Responses(1);
			stub().serverStream(number(0), responses);
			String status = responses.end().getCode().name();
			List<String> both = List.of(take(outcomes), take(outcomes));
			assertThat(both).contains(status);
			assertThat(both).filteredOn((outcome) -> outcome.contains("was already")).hasSize(1);
		}
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S8: onCompleted waits for a blocked sender, and nothing is lost")
	void completionWaitsForABlockedSender(Kind kind) throws Exception {
		CompletableFuture<StreamObserver<Message>> observer = new CompletableFuture<>();
		AtomicInteger sent = new AtomicInteger();
		CountDownLatch completing = new CountDownLatch(1);
		this.service.serverStream = (request, out) -> {
			observer.complete(out);
			this.threads.execute(() -> {
				while (completing.getCount() > 0) {
					out.onNext(large(sent.get()));
					sent.incrementAndGet();
				}
			});
		};
		start(kind, ConcurrentSend.SERIALIZE);
		SlowClient client = new SlowClient();
		stub().serverStream(number(0), client);
		awaitBlocked();
		StreamObserver<Message> out = observer.get(5, TimeUnit.SECONDS);
		Thread completer = new Thread(() -> {
			completing.countDown();
			out.onCompleted();
		});
		completer.start();
		await().until(() -> completer.getState() == Thread.State.WAITING);
		client.readAll();
		assertThat(client.end()).isEqualTo(Status.OK);
		// The sender counts after its message has gone
		await().untilAsserted(() -> assertThat(sent).hasValue(client.messages().size()));
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S8: onError does not wait for a blocked sender, which is told")
	void errorOvertakesABlockedSender(Kind kind) throws Exception {
		CompletableFuture<StreamObserver<Message>> observer = new CompletableFuture<>();
		CompletableFuture<Throwable> end = new CompletableFuture<>();
		this.service.serverStream = (request, out) -> {
			observer.complete(out);
			sendUntilRefused(out, end);
		};
		start(kind, ConcurrentSend.SERIALIZE);
		SlowClient client = new SlowClient();
		stub().serverStream(number(0), client);
		awaitBlocked();
		long start = System.nanoTime();
		observer.get(5, TimeUnit.SECONDS).onError(Status.ABORTED.asException());
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
		Throwable ex = end.get(5, TimeUnit.SECONDS);
		assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.CANCELLED);
		assertThat(ex).hasMessageContaining("ended with ABORTED by thread");
		client.readAll();
		assertThat(client.end().getCode()).isEqualTo(Status.Code.ABORTED);
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S8: an interceptor that ends the call by itself frees a blocked sender, which is told")
	void interceptorEndsTheCallWhileASenderIsBlocked(Kind kind) throws Exception {
		CompletableFuture<Throwable> end = new CompletableFuture<>();
		AtomicReference<@Nullable ServerCall<?, ?>> intercepted = new AtomicReference<>();
		this.service.serverStream = (request, out) -> sendUntilRefused(out, end);
		ServerInterceptor interceptor = new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				intercepted.set(call);
				return next.startCall(call, headers);
			}

		};
		start(kind, settings(ConcurrentSend.SERIALIZE, 64), List.of(interceptor), UnaryOperator.identity());
		SlowClient client = new SlowClient();
		stub().serverStream(number(0), client);
		awaitBlocked();
		ServerCall<?, ?> call = intercepted.get();
		assertThat(call).isNotNull();
		long start = System.nanoTime();
		call.close(Status.PERMISSION_DENIED, new Metadata());
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
		assertThat(end.get(5, TimeUnit.SECONDS)).hasMessageContaining("ended with PERMISSION_DENIED by thread");
		client.readAll();
		assertThat(client.end().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
	}

	// S9

	@Test
	@DisplayName("S9: what was written before a send is visible where the message is received")
	void writesBeforeASendAreVisibleToTheReceiver() throws Exception {
		int count = 20_000;
		int[] written = new int[1];
		int[] answered = new int[1];
		AtomicInteger stale = new AtomicInteger();
		this.service.bidi = (out) -> new Requests((message) -> {
			if (written[0] < message.getNumber()) {
				stale.incrementAndGet();
			}
			answered[0] = message.getNumber();
			out.onNext(message);
		}, out::onCompleted);
		start(Kind.STRAND_IN_PROCESS, ConcurrentSend.SERIALIZE);
		Responses responses = new Responses(1);
		responses.onMessage = (message) -> {
			if (answered[0] < message.getNumber()) {
				stale.incrementAndGet();
			}
		};
		StreamObserver<Message> requests = stub().bidi(responses);
		for (int i = 0; i < count; i++) {
			written[0] = i;
			requests.onNext(number(i));
		}
		requests.onCompleted();
		assertThat(responses.end()).isEqualTo(Status.OK);
		assertThat(responses.next[0]).isEqualTo(count);
		assertThat(stale).hasValue(0);
	}

	private void start(Kind kind, ConcurrentSend concurrentSend) {
		start(kind, settings(concurrentSend, 64), List.of(), UnaryOperator.identity());
	}

	private void start(Kind kind, HandlerSettings settings, List<ServerInterceptor> interceptors,
			UnaryOperator<NettyChannelBuilder> client) {
		List<ServerInterceptor> all = new ArrayList<>(interceptors);
		if (kind.isStrand()) {
			all.add(new NoTimedLook());
		}
		this.server = new EngineServer(kind, settings, all, client, this.service);
	}

	private static HandlerSettings settings(ConcurrentSend concurrentSend, int eventLoopQueue) {
		return new HandlerSettings(Threading.AUTO, true, concurrentSend, null, eventLoopQueue, List.of(),
				Duration.ZERO);
	}

	private EngineServer started() {
		EngineServer started = this.server;
		assertThat(started).isNotNull();
		return started;
	}

	private EchoGrpc.EchoStub stub() {
		return EchoGrpc.newStub(started().channel());
	}

	/**
	 * Waits until a sender waits and goes on waiting: as long as the windows of the
	 * connection fill, it waits for moments only.
	 */
	private void awaitBlocked() {
		awaitBlockedOr(() -> false);
	}

	private void awaitBlockedOr(BooleanSupplier over) {
		await().pollInterval(Duration.ofMillis(5))
			.during(Duration.ofMillis(100))
			.until(() -> over.getAsBoolean() || started().engine()
				.liveCalls()
				.stream()
				.anyMatch((call) -> call.state() == LiveCall.State.BLOCKED_SENDING));
	}

	private Duration blockedTime() {
		return started().engine()
			.liveCalls()
			.stream()
			.map(LiveCall::blockedSending)
			.reduce(Duration.ZERO, Duration::plus);
	}

	private void assertReadsAll(SlowClient client) throws Exception {
		client.readAll();
		assertThat(client.end()).isEqualTo(Status.OK);
		assertThat(client.messages()).extracting(Message::getNumber)
			.containsExactlyElementsOf(IntStream.range(0, LARGE_MESSAGES).boxed().toList());
	}

	/** Runs a task where the transport runs: in the callback of another call. */
	private void onEventLoop(Runnable task) throws Exception {
		CompletableFuture<Void> done = new CompletableFuture<>();
		Responses responses = new Responses(1);
		responses.onMessage = (message) -> {
			try {
				assertThat(Thread.currentThread().getName()).contains("ELG");
				task.run();
				done.complete(null);
			}
			catch (Throwable ex) {
				done.completeExceptionally(ex);
			}
		};
		stub().withExecutor(MoreExecutors.directExecutor()).unary(number(0), responses);
		done.get(5, TimeUnit.SECONDS);
	}

	/** Many threads that start at the same moment, the last of which completes. */
	private BiConsumer<Message, StreamObserver<Message>> sendFrom(int senders, int messages) {
		return (request, out) -> {
			CyclicBarrier gate = new CyclicBarrier(senders);
			AtomicInteger running = new AtomicInteger(senders);
			for (int s = 0; s < senders; s++) {
				String name = String.valueOf(s);
				this.threads.submit(() -> {
					gate.await();
					try {
						for (int i = 0; i < messages; i++) {
							out.onNext(Message.newBuilder().setText(name).setNumber(i).build());
						}
					}
					finally {
						if (running.decrementAndGet() == 0) {
							out.onCompleted();
						}
					}
					return null;
				});
			}
		};
	}

	private static Function<StreamObserver<Message>, StreamObserver<Message>> echo() {
		return (out) -> new Requests(out::onNext, out::onCompleted);
	}

	private static void sendLarge(StreamObserver<Message> out, int from, int to, AtomicInteger sent) {
		for (int i = from; i < to; i++) {
			out.onNext(large(i));
			sent.incrementAndGet();
		}
	}

	private static void sendUntilRefused(StreamObserver<Message> out, CompletableFuture<Throwable> end) {
		try {
			while (true) {
				out.onNext(large(0));
			}
		}
		catch (RuntimeException ex) {
			end.complete(ex);
		}
	}

	private void run(CompletableFuture<Void> done, Runnable task) {
		this.threads.execute(() -> {
			try {
				task.run();
				done.complete(null);
			}
			catch (RuntimeException ex) {
				done.completeExceptionally(ex);
			}
		});
	}

	private static String outcome(String success, Runnable end) {
		try {
			end.run();
			return success;
		}
		catch (IllegalStateException ex) {
			return String.valueOf(ex.getMessage());
		}
	}

	private static <T> T take(BlockingQueue<T> queue) {
		try {
			T taken = queue.poll(10, TimeUnit.SECONDS);
			assertThat(taken).isNotNull();
			return taken;
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void get(Future<?> future) {
		try {
			future.get(20, TimeUnit.SECONDS);
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static Message number(int number) {
		return Message.newBuilder().setNumber(number).build();
	}

	private static Message large(int number) {
		return Message.newBuilder().setNumber(number).setPayload(LARGE).build();
	}

	/** What handlers do is up to the test. */
	private static final class Service extends EchoGrpc.EchoImplBase {

		private volatile BiConsumer<Message, StreamObserver<Message>> serverStream = (request, out) -> out
			.onCompleted();

		private volatile Function<StreamObserver<Message>, StreamObserver<Message>> bidi = echo();

		@Override
		public void unary(Message request, StreamObserver<Message> out) {
			out.onNext(request);
			out.onCompleted();
		}

		@Override
		public void serverStream(Message request, StreamObserver<Message> out) {
			this.serverStream.accept(request, out);
		}

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> out) {
			return this.bidi.apply(out);
		}

	}

	private record Requests(Consumer<Message> messages, Runnable completion) implements StreamObserver<Message> {

		@Override
		public void onNext(Message message) {
			this.messages.accept(message);
		}

		@Override
		public void onError(Throwable ex) {
		}

		@Override
		public void onCompleted() {
			this.completion.run();
		}

	}

	/** Checks that the messages of each sender come in its order. */
	private static final class Responses implements ClientResponseObserver<Message, Message> {

		private final int[] next;

		private final CompletableFuture<Status> end = new CompletableFuture<>();

		private volatile Consumer<Message> onMessage = (message) -> {
		};

		private volatile @Nullable String disorder;

		Responses(int senders) {
			this.next = new int[senders];
		}

		@Override
		public void beforeStart(ClientCallStreamObserver<Message> call) {
			call.disableAutoRequestWithInitial(1 << 20); // as fast as they come
		}

		@Override
		public void onNext(Message message) {
			int sender = message.getText().isEmpty() ? 0 : Integer.parseInt(message.getText());
			if (message.getNumber() != this.next[sender]++ && this.disorder == null) {
				this.disorder = "%d after %d of %d".formatted(message.getNumber(), this.next[sender] - 2, sender);
			}
			this.onMessage.accept(message);
		}

		@Override
		public void onError(Throwable ex) {
			this.end.complete(Status.fromThrowable(ex));
		}

		@Override
		public void onCompleted() {
			this.end.complete(Status.OK);
		}

		Status end() throws Exception {
			return this.end.get(30, TimeUnit.SECONDS);
		}

	}

	/**
	 * Takes away the net under the wake-ups of senders: one that is lost is not made good
	 * in a second, but later than any test waits.
	 */
	private static final class NoTimedLook implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			SendGuard guard = ServedCall.KEY.get().call().guard();
			ReflectionTestUtils.setField(guard, "recheckNanos", TimeUnit.SECONDS.toNanos(100));
			return next.startCall(call, headers);
		}

	}

	/**
	 * A deadline that the server is told of, but that the client does not keep itself.
	 */
	private static final class SilentDeadline implements ClientInterceptor {

		static final Duration AFTER = Duration.ofSeconds(2);

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options,
				Channel channel) {
			return new SimpleForwardingClientCall<>(channel.newCall(method, options)) {

				@Override
				public void start(Listener<R> listener, Metadata headers) {
					headers.put(Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER),
							AFTER.toMillis() + "m");
					super.start(listener, headers);
				}

			};
		}

	}

}
