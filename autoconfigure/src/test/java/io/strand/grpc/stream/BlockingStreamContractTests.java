package io.strand.grpc.stream;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.ConcurrentStreamUseException;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.call.LiveCall.State;
import io.strand.grpc.call.Threading;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TcpProxy;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * The guarantees on streams, S1 to S9, held against blocking code.
 */
@Timeout(60)
class BlockingStreamContractTests extends BlockingStreamTestBase {

	private static final String STYLES = """
			STRAND_NETTY, HANDLER, SERIALIZE
			STRAND_NETTY, HANDLER, FAIL
			STRAND_NETTY, IMPL_BASE, SERIALIZE
			STRAND_NETTY, IMPL_BASE, FAIL
			STRAND_NETTY_PLATFORM, HANDLER, SERIALIZE
			STRAND_NETTY_PLATFORM, IMPL_BASE, FAIL
			STRAND_IN_PROCESS, HANDLER, SERIALIZE
			STRAND_IN_PROCESS, IMPL_BASE, FAIL""";

	private static final Metadata.Key<String> FAIL = Metadata.Key.of("fail", Metadata.ASCII_STRING_MARSHALLER);

	private static final ByteString LARGE = ByteString.copyFrom(new byte[16 * 1024]);

	/** 64 KiB of window and 32 KiB of queue take six large messages. */
	private static final int MOST_BUFFERED = 12;

	// S1

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("S1: one thread sends while another receives, whichever of them is the call's")
	void oneThreadSendsWhileAnotherReceives(Kind kind, Style style, ConcurrentSend mode) throws Exception {
		int count = 5_000;
		AtomicInteger received = new AtomicInteger();
		this.echo.bidi = (stream) -> {
			Receiving receiving = null;
			Future<?> sending = null;
			if (stream.receive().getNumber() == 0) {
				receiving = stream.receiveEach((message) -> received.incrementAndGet());
				send(stream, count);
			}
			else {
				sending = this.threads.submit(() -> send(stream, count));
				while (stream.receive() != null) {
					received.incrementAndGet();
				}
			}
			if (receiving != null) {
				receiving.join();
			}
			else {
				sending.get(20, TimeUnit.SECONDS);
			}
		};
		start(kind, style, mode);
		for (int round = 0; round < 2; round++) {
			received.set(0);
			Outcome outcome = open(BIDI);
			outcome.call().request(count);
			outcome.call().sendMessage(number(round));
			for (int i = 0; i < count; i++) {
				outcome.call().sendMessage(number(i));
			}
			outcome.call().halfClose();
			assertThat(outcome.status()).isEqualTo(Status.OK);
			assertThat(received).hasValue(count);
			assertThat(outcome.messages()).extracting(Message::getNumber)
				.containsExactlyElementsOf(IntStream.range(0, count).boxed().toList());
		}
	}

	private static void send(ServerStream<Message> stream, int count) {
		for (int i = 0; i < count; i++) {
			stream.send(number(i));
		}
	}

	// S2

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER", "STRAND_NETTY, IMPL_BASE", "STRAND_NETTY_PLATFORM, HANDLER",
			"STRAND_IN_PROCESS, HANDLER" })
	@DisplayName("S2: many threads send on one stream, and all messages arrive in each one's order")
	void manyThreadsSendOnOneStream(Kind kind, Style style) {
		int senders = 32;
		int each = 500;
		this.echo.bidi = (stream) -> ConcurrentRun.of(senders, (index) -> {
			for (int i = 0; i < each; i++) {
				stream.send(number(index * each + i));
			}
		}).join(Duration.ofSeconds(20));
		start(kind, style, ConcurrentSend.SERIALIZE);
		Outcome outcome = open(BIDI);
		outcome.call().request(senders * each);
		outcome.call().halfClose();
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(outcome.messages()).hasSize(senders * each);
		for (int index = 0; index < senders; index++) {
			int from = index * each;
			assertThat(outcome.messages()).extracting(Message::getNumber)
				.filteredOn((number) -> number / each * each == from)
				.containsExactlyElementsOf(IntStream.range(from, from + each).boxed().toList());
		}
	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER", "STRAND_NETTY_PLATFORM, IMPL_BASE" })
	@DisplayName("S2: 32 threads send 10,000 messages each")
	void manyThreadsSendManyMessages(Kind kind, Style style) throws Exception {
		int senders = 32;
		int each = 10_000;
		this.echo.bidi = (stream) -> ConcurrentRun.of(senders, (index) -> {
			for (int i = 0; i < each; i++) {
				stream.send(number(index * each + i));
			}
		}).join(Duration.ofSeconds(50));
		start(kind, style, ConcurrentSend.SERIALIZE);
		Tally client = new Tally(senders, each);
		assertThat(client.status.get(50, TimeUnit.SECONDS)).isEqualTo(Status.OK);
		assertThat(client.next).containsOnly(each);
		assertThat(client.disorder).isZero();
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("S2, S8: what was sent while the body ends has arrived, the rest was refused")
	void sendersRaceWithTheEnd(Kind kind, Style style, ConcurrentSend mode) throws Exception {
		int senders = 4;
		AtomicReference<ConcurrentRun> run = new AtomicReference<>();
		AtomicIntegerArray sent = new AtomicIntegerArray(senders);
		AtomicInteger ends = new AtomicInteger();
		this.echo.bidi = (stream) -> {
			CountDownLatch sending = new CountDownLatch(senders);
			run.set(ConcurrentRun.of(senders, (index) -> {
				Throwable refused = null;
				for (int i = 0; refused == null
						|| refused instanceof ConcurrentStreamUseException; i = sent.get(index)) {
					int number = index * 1_000_000 + i;
					refused = thrownBy(() -> stream.send(number(number)));
					sent.addAndGet(index, (refused == null) ? 1 : 0);
					sending.countDown();
				}
				ends.addAndGet((refused instanceof IllegalStateException) ? 1 : 0);
				ends.addAndGet((Status.fromThrowable(refused).getCode() == Status.Code.CANCELLED) ? 1 : 0);
			}));
			sending.await(10, TimeUnit.SECONDS);
			if (stream.call().headers().containsKey(FAIL)) {
				throw Status.ABORTED.asException();
			}
		};
		start(kind, style, mode);
		for (int round = 0; round < 20; round++) {
			boolean fails = round % 2 == 1;
			for (int i = 0; i < senders; i++) {
				sent.set(i, 0);
			}
			ends.set(0);
			Tally client = new Tally(senders, 1_000_000, fails);
			Status.Code code = client.status.get(10, TimeUnit.SECONDS).getCode();
			run.get().join(Duration.ofSeconds(10));
			assertThat(ends).hasValue(senders);
			assertThat(client.disorder).isZero();
			for (int i = 0; i < senders; i++) {
				assertThat(client.next[i]).isEqualTo(sent.get(i));
			}
			// In mode FAIL the end may be the one that comes second
			if (mode != ConcurrentSend.FAIL || code != Status.Code.UNKNOWN) {
				assertThat(code).isEqualTo(fails ? Status.Code.ABORTED : Status.Code.OK);
			}
		}
	}

	// S3

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S3: the second sender is told who sends, the first one is unharmed")
	void secondSenderIsTold(Kind kind) throws Exception {
		CompletableFuture<Throwable> told = new CompletableFuture<>();
		this.echo.bidi = (stream) -> {
			Future<?> second = this.threads.submit(() -> {
				awaitStateForAWhile(State.BLOCKED_SENDING);
				told.complete(thrownBy(() -> stream.send(large(-1))));
			});
			for (int i = 0; i < 20; i++) {
				stream.send(large(i));
			}
			second.get(10, TimeUnit.SECONDS);
		};
		start(kind, ConcurrentSend.FAIL);
		SlowCall client = new SlowCall();
		assertThat(told.get(10, TimeUnit.SECONDS)).isInstanceOf(ConcurrentStreamUseException.class)
			.hasMessageContaining("Concurrent send on strand.testing.Echo/Bidi (call ");
		client.call.request(100);
		assertThat(client.status.get(10, TimeUnit.SECONDS)).isEqualTo(Status.OK);
		assertThat(client.received).hasValue(20);
	}

	// S4

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER", "STRAND_NETTY, IMPL_BASE", "STRAND_NETTY_PLATFORM, HANDLER",
			"STRAND_IN_PROCESS, HANDLER" })
	@DisplayName("S4: many threads receive on one stream, and each message goes to exactly one of them")
	void eachMessageGoesToOneReceiver(Kind kind, Style style) {
		int receivers = 8;
		int count = 4_000;
		AtomicIntegerArray times = new AtomicIntegerArray(count);
		AtomicIntegerArray shares = new AtomicIntegerArray(receivers);
		AtomicBoolean disorder = new AtomicBoolean();
		this.echo.clientStream = (requests) -> {
			ConcurrentRun.of(receivers, (index) -> {
				int last = -1;
				for (Message message : requests) {
					times.incrementAndGet(message.getNumber());
					shares.incrementAndGet(index);
					disorder.compareAndSet(false, message.getNumber() <= last);
					last = message.getNumber();
				}
			}).join(Duration.ofSeconds(20));
			return text("done");
		};
		start(kind, style, ConcurrentSend.SERIALIZE);
		assertThat(call(CLIENT_STREAM, numbers(count)).status()).isEqualTo(Status.OK);
		for (int i = 0; i < count; i++) {
			assertThat(times.get(i)).as("message %d", i).isOne();
		}
		assertThat(disorder).isFalse();
	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER", "STRAND_NETTY, IMPL_BASE", "STRAND_NETTY_PLATFORM, HANDLER",
			"STRAND_IN_PROCESS, HANDLER" })
	@DisplayName("S4: the second receiver is told who receives, the first one goes on")
	void secondReceiverIsTold(Kind kind, Style style) throws Exception {
		CompletableFuture<Throwable> told = new CompletableFuture<>();
		CompletableFuture<Thread> first = new CompletableFuture<>();
		this.echo.clientStream = (requests) -> {
			first.complete(Thread.currentThread());
			this.threads.execute(() -> {
				awaitState(State.WAITING_FOR_MESSAGE);
				told.complete(thrownBy(requests::receive));
			});
			Message last = Message.getDefaultInstance();
			for (Message message : requests) {
				last = message;
			}
			return last;
		};
		start(kind, style, ConcurrentSend.FAIL);
		Outcome outcome = open(CLIENT_STREAM);
		Throwable thrown = told.get(10, TimeUnit.SECONDS);
		assertThat(thrown).isInstanceOf(ConcurrentStreamUseException.class)
			.hasMessageContaining("Concurrent receive on strand.testing.Echo/ClientStream (call ")
			.hasMessageContaining("#" + first.get().getId() + " has been receiving for")
			.hasMessageContaining("thread pool-");
		assertThat(thrown.getSuppressed()[0].getStackTrace()).isNotEmpty();
		outcome.call().sendMessage(number(1));
		outcome.call().sendMessage(number(2));
		outcome.call().halfClose();
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(outcome.messages()).containsExactly(number(2));
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("The registry shows since when a receiver waits, and that the call runs since it does no more")
	void liveCallTellsSinceWhenItsReceiverWaits(Kind kind) {
		Duration aWhile = Duration.ofMillis(20);
		CountDownLatch received = new CountDownLatch(1);
		CountDownLatch mayEnd = new CountDownLatch(1);
		this.echo.clientStream = (requests) -> {
			Message message = requests.receive();
			received.countDown();
			within(mayEnd);
			return message;
		};
		start(kind, ConcurrentSend.SERIALIZE);
		Outcome outcome = open(CLIENT_STREAM);
		awaitState(State.WAITING_FOR_MESSAGE);
		LiveCall call = server().engine().liveCalls().iterator().next();
		await().until(() -> call.inState().compareTo(aWhile) > 0);
		assertThat(call.state()).isEqualTo(State.WAITING_FOR_MESSAGE);
		outcome.call().sendMessage(number(7));
		within(received);
		assertThat(call.state()).isEqualTo(State.RUNNING);
		Duration running = call.inState();
		assertThat(call.age().minus(running)).isGreaterThan(aWhile);
		mayEnd.countDown();
		assertThat(outcome.status().isOk()).isTrue();
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S4: who has received goes behind who waits for a turn")
	void receiversTakeTurns(Kind kind) {
		this.echo.bidi = (stream) -> {
			AtomicReference<Message> mine = new AtomicReference<>();
			CompletableFuture<Message> others = new CompletableFuture<>();
			this.threads.execute(() -> {
				Thread second = Thread.currentThread();
				awaitState(State.WAITING_FOR_MESSAGE);
				this.threads.execute(() -> {
					await().until(() -> second.getState() == Thread.State.WAITING);
					stream.send(text("go"));
				});
				others.complete(stream.receive());
			});
			assertThat(stream.receive()).isEqualTo(number(0));
			mine.set(stream.receive());
			assertThat(others.get(10, TimeUnit.SECONDS)).isEqualTo(number(1));
			assertThat(mine.get()).isEqualTo(number(2));
		};
		start(kind, ConcurrentSend.SERIALIZE);
		for (int round = 0; round < 10; round++) {
			Outcome outcome = open(BIDI);
			await().untilAsserted(() -> assertThat(outcome.messages()).hasSize(1));
			for (int i = 0; i < 3; i++) {
				outcome.call().sendMessage(number(i));
			}
			assertThat(outcome.status()).isEqualTo(Status.OK);
			// The next round looks for the state of its own call
			await().untilAsserted(() -> assertThat(server().engine().liveCalls()).isEmpty());
		}
	}

	@Test
	@DisplayName("S4: threads that take turns to receive are no violation")
	void receiversThatTakeTurnsAreNoViolation() {
		this.echo.bidi = (stream) -> {
			for (int i = 0; i < 1_000; i++) {
				Message message = this.threads.submit(() -> stream.receive()).get(10, TimeUnit.SECONDS);
				assertThat(message).isEqualTo(number(i++));
				assertThat(stream.receive()).isEqualTo(number(i));
			}
		};
		start(Kind.STRAND_NETTY, ConcurrentSend.FAIL);
		assertThat(call(BIDI, numbers(1_000)).status()).isEqualTo(Status.OK);
	}

	// S5

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("S5: a send blocks while the client does not read, others are answered")
	void sendBlocksWhileTheClientDoesNotRead(Kind kind, Style style, ConcurrentSend mode) throws Exception {
		AtomicInteger sent = new AtomicInteger();
		this.echo.bidi = (stream) -> {
			for (int i = 0; i < 300; i++) {
				stream.send(large(i));
				sent.incrementAndGet();
			}
		};
		start(kind, style, mode);
		SlowCall client = new SlowCall();
		awaitStateForAWhile(State.BLOCKED_SENDING);
		assertThat(sent).hasValueLessThanOrEqualTo(MOST_BUFFERED);
		assertThat(call(UNARY, text("other")).messages()).as("answer").isNotNull();
		client.call.request(1_000);
		assertThat(client.status.get(10, TimeUnit.SECONDS)).isEqualTo(Status.OK);
		assertThat(client.received).hasValue(300);
	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER", "STRAND_NETTY, IMPL_BASE", "STRAND_NETTY_PLATFORM, HANDLER" })
	@DisplayName("S5: what a stream has received and nobody takes is bounded, too")
	void whatNobodyReceivesIsBounded(Kind kind, Style style) throws Exception {
		CountDownLatch open = new CountDownLatch(1);
		this.echo.clientStream = (requests) -> {
			open.await();
			int count = 0;
			while (requests.receive() != null) {
				count++;
			}
			return number(count);
		};
		start(kind, style, ConcurrentSend.SERIALIZE);
		Outcome outcome = open(CLIENT_STREAM);
		int sent = 0;
		await().until(() -> outcome.call().isReady());
		while (sent < 300 && isReadyAfterRoundTrips(outcome)) {
			outcome.call().sendMessage(large(sent++));
		}
		assertThat(sent).isLessThan(2 * MOST_BUFFERED);
		open.countDown();
		while (sent < 300) {
			await().until(() -> outcome.call().isReady());
			outcome.call().sendMessage(large(sent++));
		}
		outcome.call().halfClose();
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(outcome.messages()).containsExactly(number(300));
	}

	/** Each answer on the same connection follows what the server could do till then. */
	private boolean isReadyAfterRoundTrips(Outcome outcome) {
		for (int i = 0; i < 20 && !outcome.call().isReady(); i++) {
			assertThat(call(UNARY, number(i)).status()).isEqualTo(Status.OK);
		}
		return outcome.call().isReady();
	}

	// S6

	enum Blocked {

		RECEIVE, RECEIVE_IN_HELPER, SEND, SLEEP

	}

	enum Cause {

		CANCEL(Status.Code.CANCELLED), DEADLINE(Status.Code.DEADLINE_EXCEEDED), CONNECTION_LOST(Status.Code.CANCELLED),
		SERVER_SHUTDOWN_NOW(Status.Code.CANCELLED);

		private final Status.Code expected;

		Cause(Status.Code expected) {
			this.expected = expected;
		}

	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER", "STRAND_NETTY, IMPL_BASE", "STRAND_NETTY_PLATFORM, HANDLER",
			"STRAND_IN_PROCESS, HANDLER", "STRAND_IN_PROCESS, IMPL_BASE" })
	@DisplayName("S6, H3: whatever ends the call ends what blocks its body, with its status")
	// Of gRPC's blocking client: what it has not read of a call that is cancelled
	// (grpc-java issue 12355)
	@Tag("loses-buffers")
	void whatEndsTheCallEndsItsBody(Kind kind, Style style) throws Exception {
		AtomicReference<Blocked> blocked = new AtomicReference<>();
		AtomicReference<CompletableFuture<Throwable>> ends = new AtomicReference<>();
		AtomicReference<CountDownLatch> entered = new AtomicReference<>();
		this.echo.bidi = (stream) -> {
			CompletableFuture<Throwable> end = ends.get();
			entered.get().countDown();
			switch (blocked.get()) {
				case RECEIVE -> end.complete(thrownBy(stream::receive));
				case RECEIVE_IN_HELPER -> {
					Future<?> helper = this.threads.submit(() -> end.complete(thrownBy(stream::receive)));
					waitFor(helper);
				}
				case SEND -> end.complete(thrownBy(() -> send(stream, Integer.MAX_VALUE, LARGE)));
				case SLEEP -> end.complete(thrownBy(() -> TimeUnit.SECONDS.sleep(30)));
			}
		};
		start(kind, style, ConcurrentSend.SERIALIZE);
		for (Cause cause : Cause.values()) {
			if (cause == Cause.CONNECTION_LOST && kind == Kind.STRAND_IN_PROCESS) {
				continue;
			}
			for (Blocked in : Blocked.values()) {
				if (cause == Cause.SERVER_SHUTDOWN_NOW && in != Blocked.RECEIVE) {
					continue; // there is one server to shut down
				}
				blocked.set(in);
				ends.set(new CompletableFuture<>());
				entered.set(new CountDownLatch(1));
				endBlocked(cause, kind, entered.get(), in);
				Throwable thrown = ends.get().get(10, TimeUnit.SECONDS);
				if (in == Blocked.SLEEP) {
					assertThat(thrown).as("%s %s", cause, in).isInstanceOf(InterruptedException.class);
				}
				else {
					assertThat(thrown).as("%s %s", cause, in).isInstanceOf(StatusRuntimeException.class);
					assertThat(Status.fromThrowable(thrown).getCode()).as("%s %s %s", cause, in, thrown)
						.isEqualTo(cause.expected);
				}
			}
		}
	}

	private void endBlocked(Cause cause, Kind kind, CountDownLatch entered, Blocked in) {
		try (TcpProxy proxy = (kind != Kind.STRAND_IN_PROCESS) ? new TcpProxy(server().server().getPort()) : null) {
			ManagedChannel channel = (proxy != null) ? NettyChannelBuilder.forAddress("localhost", proxy.port())
				.usePlaintext()
				.flowControlWindow(65535)
				.build() : server().channel();
			Metadata headers = new Metadata();
			if (cause == Cause.DEADLINE) {
				// The server's timer alone: the client's may be first, and then cancels
				headers.put(Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER), "2S");
			}
			ClientCall<Message, Message> call = channel.newCall(BIDI, CallOptions.DEFAULT);
			call.start(new ClientCall.Listener<>() {
			}, headers);
			within(entered);
			if (in == Blocked.RECEIVE || in == Blocked.RECEIVE_IN_HELPER) {
				awaitStateOrEnd(State.WAITING_FOR_MESSAGE, cause);
			}
			else if (in == Blocked.SEND) {
				awaitStateOrEnd(State.BLOCKED_SENDING, cause);
			}
			switch (cause) {
				case CANCEL -> call.cancel("The test cancels", null);
				case CONNECTION_LOST -> proxy.close();
				case SERVER_SHUTDOWN_NOW -> server().server().shutdownNow();
				default -> {
					// Passes by itself
				}
			}
			if (kind != Kind.STRAND_IN_PROCESS) {
				await().untilAsserted(() -> assertThat(server().engine().liveCalls()).isEmpty());
				channel.shutdownNow();
			}
			else {
				await().untilAsserted(() -> assertThat(server().engine().liveCalls()).isEmpty());
			}
		}
	}

	private void awaitStateOrEnd(State state, Cause cause) {
		if (cause != Cause.DEADLINE) {
			awaitState(state);
		}
	}

	private static void waitFor(Future<?> helper) {
		boolean interrupted = false;
		while (!helper.isDone()) {
			try {
				helper.get(10, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				interrupted = true;
			}
			catch (Exception ex) {
				throw new IllegalStateException(ex);
			}
		}
		assertThat(interrupted).isIn(true, false);
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S6: an interrupt ends a blocked receive, keeps its status, and the stream goes on")
	void interruptEndsABlockedReceive(Kind kind) throws Exception {
		CompletableFuture<Thread> receiver = new CompletableFuture<>();
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		AtomicBoolean kept = new AtomicBoolean();
		this.echo.bidi = (stream) -> {
			receiver.complete(Thread.currentThread());
			Throwable ex = thrownBy(stream::receive);
			kept.set(Thread.interrupted());
			thrown.complete(ex);
			for (Message message : stream) {
				stream.send(message);
			}
		};
		start(kind, ConcurrentSend.SERIALIZE);
		Outcome outcome = open(BIDI);
		Thread blocked = receiver.get(10, TimeUnit.SECONDS);
		awaitState(State.WAITING_FOR_MESSAGE);
		blocked.interrupt();
		assertThat(Status.fromThrowable(thrown.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Status.Code.CANCELLED);
		assertThat(thrown.get()).hasMessageContaining("Interrupted while waiting to receive");
		assertThat(kept).isTrue();
		outcome.call().sendMessage(number(1));
		outcome.call().halfClose();
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(outcome.messages()).containsExactly(number(1));
	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, 0", "STRAND_NETTY, 60", "STRAND_NETTY_PLATFORM, 0" })
	@DisplayName("S6: a blocked receiver is told of the end though its event loop waits for a lock of the receiver's")
	void receiverThatHoldsWhatItsEventLoopNeedsIsToldOfTheEnd(Kind kind, int longestSeconds) throws Exception {
		ReentrantLock lock = new ReentrantLock();
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		this.echo.bidi = (stream) -> {
			Context.current().addListener((context) -> {
				lock.lock();
				lock.unlock();
			}, Runnable::run);
			lock.lock();
			try {
				thrown.complete(thrownBy(stream::receive));
			}
			finally {
				lock.unlock();
			}
		};
		start(kind, new HandlerSettings(Threading.AUTO, false, ConcurrentSend.SERIALIZE, null,
				HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(), Duration.ZERO, Duration.ofSeconds(longestSeconds)),
				Style.HANDLER.of(this.echo));
		Outcome outcome = open(BIDI);
		awaitState(State.WAITING_FOR_MESSAGE);
		outcome.cancel();
		assertThat(Status.fromThrowable(thrown.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Status.Code.CANCELLED);
		awaitNoCalls();
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S6: a receive that waits its turn behind another one can be interrupted as well")
	void interruptEndsAReceiveThatWaitsItsTurn(Kind kind) throws Exception {
		CompletableFuture<Thread> second = new CompletableFuture<>();
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		this.echo.bidi = (stream) -> {
			this.threads.execute(() -> {
				awaitState(State.WAITING_FOR_MESSAGE);
				second.complete(Thread.currentThread());
				thrown.complete(thrownBy(stream::receive));
			});
			assertThat(stream.receive()).isEqualTo(number(1));
		};
		start(kind, ConcurrentSend.SERIALIZE);
		Outcome outcome = open(BIDI);
		Thread waiting = second.get(10, TimeUnit.SECONDS);
		await().until(() -> waiting.getState() == Thread.State.WAITING);
		waiting.interrupt();
		assertThat(Status.fromThrowable(thrown.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Status.Code.CANCELLED);
		outcome.call().sendMessage(number(1));
		assertThat(outcome.status()).isEqualTo(Status.OK);
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("S6: a receive with a timeout gives up in time, and no message is lost by it")
	void receiveTimesOut(Kind kind, Style style, ConcurrentSend mode) {
		CountDownLatch timedOut = new CountDownLatch(1);
		this.echo.bidi = (stream) -> {
			assertThatExceptionOfType(TimeoutException.class).isThrownBy(() -> stream.receive(Duration.ZERO));
			assertThatExceptionOfType(TimeoutException.class).isThrownBy(() -> stream.receive(Duration.ofMillis(20)))
				.withMessageContaining("strand.testing.Echo/Bidi (call ")
				.withMessageContaining("in 20 ms");
			assertThatExceptionOfType(TimeoutException.class).isThrownBy(() -> stream.receive(Duration.ofDays(-1)));
			timedOut.countDown();
			assertThat(stream.receive(Duration.ofDays(1_000_000))).isEqualTo(number(1));
			int next = 2;
			while (next < 500) {
				try {
					assertThat(stream.receive(Duration.ofNanos(next * 100))).isEqualTo(number(next));
					next++;
				}
				catch (TimeoutException ex) {
					assertThat(ex).hasMessageContaining("No message came");
				}
			}
			assertThat(stream.receive(Duration.ofSeconds(10))).isNull();
			assertThat(stream.receive(Duration.ZERO)).isNull();
			assertThat(stream.receive()).isNull();
		};
		start(kind, style, mode);
		Outcome outcome = open(BIDI);
		within(timedOut);
		for (int i = 1; i < 500; i++) {
			outcome.call().sendMessage(number(i));
		}
		outcome.call().halfClose();
		assertThat(outcome.status()).isEqualTo(Status.OK);
	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER", "STRAND_NETTY, IMPL_BASE", "STRAND_NETTY_PLATFORM, HANDLER",
			"STRAND_IN_PROCESS, HANDLER" })
	@DisplayName("S6: no wake-up is lost when messages and the half-close race with receives")
	void noWakeUpIsLost(Kind kind, Style style) {
		start(kind, style, ConcurrentSend.SERIALIZE);
		for (int round = 0; round < 500; round++) {
			Outcome outcome = open(BIDI);
			outcome.call().sendMessage(number(round));
			for (int spin = 0; spin < round * 50; spin++) {
				Thread.onSpinWait();
			}
			if (round % 2 == 0) {
				outcome.call().sendMessage(number(round));
			}
			outcome.call().halfClose();
			assertThat(outcome.status()).isEqualTo(Status.OK);
			assertThat(outcome.messages()).hasSize(2 - round % 2);
		}
	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER", "STRAND_NETTY, IMPL_BASE", "STRAND_NETTY_PLATFORM, HANDLER",
			"STRAND_IN_PROCESS, HANDLER" })
	@DisplayName("S6: a cancel that races with receives and sends leaves nobody behind")
	void cancelRacesWithReceives(Kind kind, Style style) {
		AtomicInteger running = new AtomicInteger();
		this.echo.bidi = (stream) -> {
			running.incrementAndGet();
			try {
				stream.receiveEach((message) -> stream.send(message));
				for (Message message : stream) {
					stream.send(message);
				}
			}
			finally {
				running.decrementAndGet();
			}
		};
		start(kind, style, ConcurrentSend.SERIALIZE);
		for (int round = 0; round < 500; round++) {
			Outcome outcome = open(BIDI);
			outcome.call().sendMessage(number(round));
			for (int spin = 0; spin < round * 100; spin++) {
				Thread.onSpinWait();
			}
			outcome.call().sendMessage(number(round));
			outcome.cancel();
		}
		// The last ones may still be on their way
		await().untilAsserted(() -> {
			assertThat(server().engine().liveCalls()).isEmpty();
			assertThat(running).hasValue(0);
		});
	}

	// S7

	@Test
	@DisplayName("S7: an event loop does not wait for a message, and is told why")
	void eventLoopDoesNotReceive() throws Exception {
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		this.echo.bidi = (stream) -> thrown.complete(thrownBy(stream::receive));
		start(Kind.STRAND_NETTY, settings(Threading.EVENT_LOOP, ConcurrentSend.SERIALIZE), this.echo);
		Outcome outcome = open(BIDI);
		assertThat(thrown.get(10, TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class)
			.hasMessageContaining("cannot receive on strand.testing.Echo/Bidi (call ");
		assertThat(outcome.status()).isEqualTo(Status.OK);
	}

	// S8

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("S8: who keeps the stream for later is told that it has ended")
	void streamHasEndedWithItsBody(Kind kind, Style style, ConcurrentSend mode) {
		AtomicReference<BidiStream<Message, Message>> kept = new AtomicReference<>();
		this.echo.bidi = (stream) -> {
			kept.set(stream);
			stream.send(number(1));
		};
		start(kind, style, mode);
		Outcome outcome = open(BIDI);
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(thrownBy(() -> kept.get().send(number(2)))).isInstanceOf(IllegalStateException.class);
		assertThat(Status.fromThrowable(thrownBy(() -> kept.get().receive())).getCode())
			.isEqualTo(Status.Code.CANCELLED);
		assertThat(thrownBy(() -> kept.get().receiveEach((message) -> {
		}))).isInstanceOf(IllegalStateException.class).hasMessageContaining("has ended");
		assertThat(outcome.messages()).containsExactly(number(1));
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("S8: a receive that is blocked elsewhere ends with the body")
	void blockedReceiveEndsWithTheBody(Kind kind, Style style, ConcurrentSend mode) throws Exception {
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		this.echo.bidi = (stream) -> {
			this.threads.execute(() -> thrown.complete(thrownBy(stream::receive)));
			awaitState(State.WAITING_FOR_MESSAGE);
		};
		start(kind, style, mode);
		Outcome outcome = open(BIDI);
		assertThat(Status.fromThrowable(thrown.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Status.Code.CANCELLED);
		assertThat(outcome.status()).isEqualTo(Status.OK);
	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER", "STRAND_NETTY, IMPL_BASE", "STRAND_NETTY_PLATFORM, HANDLER" })
	@DisplayName("S8: the end wakes a blocked receive at once, also when the client does not read that far")
	void endWakesAReceiveBeforeTheClientReadsIt(Kind kind, Style style) throws Exception {
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		CompletableFuture<ServerCall<?, ?>> call = new CompletableFuture<>();
		this.echo.bidi = (stream) -> {
			for (int i = 0; i < 5; i++) { // the last is left in the queue
				stream.send(large(i));
			}
			thrown.complete(thrownBy(stream::receive));
		};
		start(kind, style, ConcurrentSend.SERIALIZE, new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> started, Metadata headers,
					ServerCallHandler<Q, R> next) {
				call.complete(started);
				return next.startCall(started, headers);
			}

		});
		SlowCall client = new SlowCall(false);
		awaitState(State.WAITING_FOR_MESSAGE);
		call.get(10, TimeUnit.SECONDS).close(Status.UNAVAILABLE, new Metadata());
		assertThat(Status.fromThrowable(thrown.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Status.Code.CANCELLED);
		assertThat(client.status).isNotDone();
		client.call.request(100);
		assertThat(client.status.get(10, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		assertThat(client.received).hasValue(5);
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("S8: a body that returns before it has read everything completes, and the rest is dropped")
	void bodyReturnsEarly(Kind kind, Style style, ConcurrentSend mode) {
		this.echo.clientStream = (requests) -> requests.receive();
		start(kind, style, mode);
		for (int round = 0; round < 50; round++) {
			Outcome outcome = open(CLIENT_STREAM);
			for (int i = 0; i < 20; i++) {
				outcome.call().sendMessage(number(round + i));
			}
			assertThat(outcome.status()).isEqualTo(Status.OK);
			assertThat(outcome.messages()).containsExactly(number(round));
		}
		assertThat(server().connections()).isLessThanOrEqualTo(1);
	}

	// S9

	@Test
	@DisplayName("S9: what the sender wrote before it sent is visible to the receiver")
	void whatWasWrittenBeforeIsVisible() throws BrokenBarrierException, InterruptedException {
		int[] plain = new int[2_000];
		AtomicInteger seen = new AtomicInteger();
		CyclicBarrier step = new CyclicBarrier(2);
		this.echo.bidi = (stream) -> {
			Receiving receiving = stream.receiveEach((message) -> {
				if (plain[message.getNumber()] == message.getNumber() + 1) {
					seen.incrementAndGet();
				}
			});
			receiving.join();
			step.await();
		};
		start(Kind.STRAND_IN_PROCESS, ConcurrentSend.SERIALIZE);
		Outcome outcome = open(BIDI);
		for (int i = 0; i < plain.length; i++) {
			plain[i] = i + 1;
			outcome.call().sendMessage(number(i));
		}
		outcome.call().halfClose();
		step.await();
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(seen).hasValue(plain.length);
	}

	// The rest

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	@DisplayName("A body iterates, streams and echoes; a silent client and no message at all are fine")
	void bodyIteratesAndStreams(Kind kind, Style style, ConcurrentSend mode) {
		this.echo.clientStream = (requests) -> number(requests.stream().mapToInt(Message::getNumber).sum());
		start(kind, style, mode);
		assertThat(call(CLIENT_STREAM, numbers(100)).status()).isEqualTo(Status.OK);
		Outcome sum = call(CLIENT_STREAM, numbers(100));
		assertThat(sum.status()).isEqualTo(Status.OK);
		assertThat(sum.messages()).containsExactly(number(4950));
		Outcome empty = call(CLIENT_STREAM);
		assertThat(empty.status()).isEqualTo(Status.OK);
		assertThat(empty.messages()).containsExactly(number(0));
		Outcome echo = open(BIDI);
		for (int i = 0; i < 100; i++) {
			int count = i + 1;
			echo.call().sendMessage(number(i));
			await().untilAsserted(() -> assertThat(echo.messages()).hasSize(count));
		}
		echo.call().halfClose();
		assertThat(echo.status()).isEqualTo(Status.OK);
		assertThat(echo.messages()).containsExactly(numbers(100));
	}

	private static void send(ServerStream<Message> stream, int count, ByteString payload) {
		for (int i = 0; i < count; i++) {
			stream.send(Message.newBuilder().setNumber(i).setPayload(payload).build());
		}
	}

	private static Message large(int number) {
		return Message.newBuilder().setNumber(number).setPayload(LARGE).build();
	}

	static Throwable thrownBy(org.assertj.core.api.ThrowableAssert.ThrowingCallable code) {
		return org.assertj.core.api.Assertions.catchThrowable(code);
	}

	/** Takes all that comes, and counts what each sender has sent in its order. */
	private final class Tally extends ClientCall.Listener<Message> {

		final CompletableFuture<Status> status = new CompletableFuture<>();

		final int[] next;

		private final int each;

		int disorder;

		Tally(int senders, int each) {
			this(senders, each, false);
		}

		Tally(int senders, int each, boolean fails) {
			this.next = new int[senders];
			this.each = each;
			Metadata headers = new Metadata();
			if (fails) {
				headers.put(FAIL, "");
			}
			ClientCall<Message, Message> call = server().channel()
				.newCall(BIDI, CallOptions.DEFAULT.withDeadlineAfter(50, TimeUnit.SECONDS));
			call.start(this, headers);
			call.request(Integer.MAX_VALUE);
			call.halfClose();
		}

		@Override
		public void onMessage(Message message) {
			int sender = message.getNumber() / this.each;
			this.disorder += (this.next[sender]++ != message.getNumber() % this.each) ? 1 : 0;
		}

		@Override
		public void onClose(Status end, Metadata trailers) {
			this.status.complete(end);
		}

	}

	/** Takes one message and no more until it is told. */
	private final class SlowCall extends ClientCall.Listener<Message> {

		final ClientCall<Message, Message> call = server().channel().newCall(BIDI, soon());

		final AtomicInteger received = new AtomicInteger();

		final CompletableFuture<Status> status = new CompletableFuture<>();

		SlowCall() {
			this(true);
		}

		SlowCall(boolean halfClose) {
			this.call.start(this, new Metadata());
			this.call.request(1);
			if (halfClose) {
				this.call.halfClose();
			}
		}

		@Override
		public void onMessage(Message message) {
			this.received.incrementAndGet();
		}

		@Override
		public void onClose(Status end, Metadata trailers) {
			this.status.complete(end);
		}

	}

}
