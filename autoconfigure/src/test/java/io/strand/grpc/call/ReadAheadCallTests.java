package io.strand.grpc.call;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ClientStreamTracer;
import io.grpc.Context;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.NumberAnswer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link ReadAheadCall}: its listener does not see that there is one.
 */
@ExtendWith(LeakCheckExtension.class)
class ReadAheadCallTests {

	private static final Metadata.Key<String> REASON = Metadata.Key.of("reason", Metadata.ASCII_STRING_MARSHALLER);

	private final Service service = new Service();

	private final ExecutorService executor = Executors.newSingleThreadExecutor((task) -> new Thread(task, "own"));

	private final Recording listener = new Recording();

	private final Below below = new Below();

	private Server server;

	private ManagedChannel channel;

	private ClientCall<Message, Message> call;

	@BeforeEach
	void start() throws Exception {
		this.server = InProcessServerBuilder.forName("read-ahead").addService(this.service).build().start();
		InProcessChannelBuilder builder = InProcessChannelBuilder.forName("read-ahead");
		builder.intercept(this.below);
		ClientStreamGuard.prepare(builder, null);
		this.channel = builder.build();
	}

	@AfterEach
	void stop() throws Exception {
		this.channel.shutdownNow();
		this.server.shutdownNow();
		assertThat(this.channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
		assertThat(this.server.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
		this.executor.shutdown();
	}

	@Test
	void answersComeAsTheyAreAskedForAndThenTheEnd() throws Exception {
		begin(CallOptions.DEFAULT);
		send(5);
		Metadata trailers = new Metadata();
		trailers.put(REASON, "test");
		endAndBeHeld((responses) -> responses.onError(Status.ABORTED.asRuntimeException(trailers)));
		assertThat(this.listener.numbers).isEmpty();
		this.call.request(2);
		await().until(() -> this.listener.numbers.size() == 2);
		assertNothingMoreComes();
		this.call.request(3);
		assertThat(this.listener.end().getCode()).isEqualTo(Code.ABORTED);
		assertThat(this.listener.trailers.get(REASON)).isEqualTo("test");
		assertThat(this.listener.numbers).containsExactly(0, 1, 2, 3, 4);
		assertThat(this.listener.headers).hasValue(1);
	}

	@Test
	void whatIsAskedForComesAtOnce() throws Exception {
		begin(CallOptions.DEFAULT);
		this.call.request(100);
		send(3);
		await().until(() -> this.listener.numbers.size() == 3);
		this.service.responses().onCompleted();
		assertThat(this.listener.end().isOk()).isTrue();
	}

	@Test
	void listenerThatAsksForOneAfterTheOtherGetsAll() throws Exception {
		begin(CallOptions.DEFAULT);
		send(100);
		endAndBeHeld(StreamObserver::onCompleted);
		this.listener.onMessage = (number) -> this.call.request(1);
		this.call.request(1);
		assertThat(this.listener.end().isOk()).isTrue();
		assertThat(this.listener.numbers).hasSize(100).isSorted();
	}

	@Test
	void serverIsNotTakenForReadyByWhatIsReadAhead() throws Exception {
		begin(CallOptions.DEFAULT);
		send(3);
		awaitReadAhead();
		send(2);
		awaitReadAhead();
		assertThat(this.service.responses().isReady()).isFalse();
		assertThat(this.service.ready).hasValue(0);
		this.call.request(5);
		await().until(() -> this.listener.numbers.size() == 5);
		assertThat(this.service.responses().isReady()).isFalse();
		this.call.request(1);
		await().until(() -> this.service.responses().isReady());
	}

	@Test
	void callbacksRunOnTheExecutorOfTheCallInItsContext() throws Exception {
		Context.Key<String> key = Context.key("test");
		Context.current().withValue(key, "value").run(() -> begin(CallOptions.DEFAULT.withExecutor(this.executor)));
		List<String> seen = Collections.synchronizedList(new ArrayList<>());
		this.listener.onMessage = (number) -> seen.add(Thread.currentThread().getName() + " " + key.get());
		this.listener.onEnd = () -> seen.add(Thread.currentThread().getName() + " " + key.get());
		send(2);
		endAndBeHeld(StreamObserver::onCompleted);
		this.call.request(2);
		this.listener.end();
		assertThat(seen).hasSize(3).containsOnly("own value");
	}

	@Test
	void callbacksWithoutAnExecutorRunInThePoolOfGrpc() throws Exception {
		begin(CallOptions.DEFAULT);
		AtomicReference<String> seen = new AtomicReference<>();
		this.listener.onEnd = () -> seen.set(Thread.currentThread().getName());
		send(2);
		endAndBeHeld(StreamObserver::onCompleted);
		this.call.request(2);
		this.listener.end();
		assertThat(seen.get()).startsWith("grpc-default-executor");
	}

	@Test
	void callThatHasEndedCanBeCancelled() throws Exception {
		begin(CallOptions.DEFAULT);
		send(2);
		endAndBeHeld(StreamObserver::onCompleted);
		this.call.cancel("no longer wanted", null);
		assertThat(this.listener.end().getCode()).isEqualTo(Code.CANCELLED);
		assertThat(this.listener.end().getDescription()).isEqualTo("no longer wanted");
		this.call.request(2);
		assertNothingMoreComes();
		assertThat(this.listener.numbers).isEmpty();
	}

	@Test
	void callThatHasNotEndedCanBeCancelled() throws Exception {
		begin(CallOptions.DEFAULT);
		send(2);
		awaitReadAhead();
		this.call.cancel("no longer wanted", null);
		assertThat(this.listener.end().getCode()).isEqualTo(Code.CANCELLED);
		assertThat(this.listener.numbers).isEmpty();
	}

	@Test
	void deadlineEndsACallThatHasEnded() throws Exception {
		begin(CallOptions.DEFAULT.withDeadlineAfter(1, TimeUnit.SECONDS));
		send(2);
		endAndBeHeld(StreamObserver::onCompleted);
		assertThat(this.listener.end().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
		assertThat(this.listener.numbers).isEmpty();
	}

	@Test
	void contextEndsACallThatHasEnded() throws Exception {
		try (Context.CancellableContext context = Context.current().withCancellation()) {
			context.run(() -> begin(CallOptions.DEFAULT));
			send(2);
			endAndBeHeld(StreamObserver::onCompleted);
			context.cancel(new IllegalStateException("test"));
			assertThat(this.listener.end().getCode()).isEqualTo(Code.CANCELLED);
			assertThat(this.listener.end().getCause()).hasMessage("test");
		}
	}

	@Test
	void endOfTheServerCutsOffWhatIsUnread() throws Exception {
		begin(CallOptions.DEFAULT);
		send(2);
		awaitReadAhead();
		this.server.shutdownNow();
		assertThat(this.listener.end().getCode()).isEqualTo(Code.UNAVAILABLE);
		assertThat(this.listener.numbers).isEmpty();
	}

	@Test
	void callbackThatThrowsEndsTheCall() throws Exception {
		begin(CallOptions.DEFAULT);
		send(3);
		awaitReadAhead();
		this.listener.onMessage = (number) -> {
			throw new IllegalStateException("test");
		};
		this.call.request(1);
		assertThat(this.listener.end().getCode()).isEqualTo(Code.CANCELLED);
		assertThat(this.listener.end().getCause()).hasMessage("test");
		assertThat(this.listener.numbers).containsExactly(0);
		await().until(() -> this.service.cancelled);
	}

	@Test
	void callbackThatThrowsEndsACallThatHasEnded() throws Exception {
		begin(CallOptions.DEFAULT);
		send(3);
		endAndBeHeld(StreamObserver::onCompleted);
		this.listener.onMessage = (number) -> {
			throw new IllegalStateException("test");
		};
		this.call.request(1);
		assertThat(this.listener.end().getCode()).isEqualTo(Code.CANCELLED);
		assertThat(this.listener.end().getCause()).hasMessage("test");
		assertThat(this.listener.numbers).containsExactly(0);
	}

	@Test
	void otherEndOfACallThatWasTriedAgainIsNotTakenForTheServers() throws Exception {
		InProcessChannelBuilder builder = InProcessChannelBuilder.forName("read-ahead")
			.enableRetry()
			.defaultServiceConfig(Map.of("methodConfig",
					List.of(Map.of("name", List.of(Map.of()), "retryPolicy",
							Map.of("maxAttempts", 2D, "initialBackoff", "0.01s", "maxBackoff", "0.01s",
									"backoffMultiplier", 1D, "retryableStatusCodes", List.of("UNAVAILABLE"))))));
		builder.intercept(this.below);
		ClientStreamGuard.prepare(builder, null);
		ManagedChannel retrying = builder.build();
		try {
			this.call = call(retrying, CallOptions.DEFAULT, this.listener);
			this.service.next().onError(Status.UNAVAILABLE.asRuntimeException());
			this.service.next();
			send(2);
			awaitReadAhead();
			this.server.shutdownNow();
			assertThat(this.listener.end().getCode()).isEqualTo(Code.UNAVAILABLE);
			assertThat(this.listener.numbers).isEmpty();
		}
		finally {
			retrying.shutdownNow();
			assertThat(retrying.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
		}
	}

	@Test
	void callbacksDoNotRunOnTheTimerOfTheVirtualMachine() throws Exception {
		begin(CallOptions.DEFAULT.withExecutor(Runnable::run).withDeadlineAfter(1, TimeUnit.SECONDS));
		AtomicReference<String> seen = new AtomicReference<>();
		this.listener.onEnd = () -> seen.set(Thread.currentThread().getName());
		send(2);
		endAndBeHeld(StreamObserver::onCompleted);
		assertThat(this.listener.end().getCode()).isEqualTo(Code.DEADLINE_EXCEEDED);
		assertThat(seen.get()).startsWith("grpc-default-executor");
	}

	@Test
	@ExtendWith(OutputCaptureExtension.class)
	void listenerThatThrowsAtTheEndIsLogged(CapturedOutput output) throws Exception {
		begin(CallOptions.DEFAULT.withExecutor(this.executor));
		this.listener.onEnd = () -> {
			throw new IllegalStateException("test");
		};
		this.service.responses().onCompleted();
		await().until(() -> output.getOut().contains("The listener of a call has failed when it was told of the end"));
		assertThat(this.executor.submit(() -> Thread.currentThread().getName()).get()).isEqualTo("own");
	}

	@Test
	void requestsAreCheckedAsEver() {
		begin(CallOptions.DEFAULT);
		assertThatIllegalArgumentException().isThrownBy(() -> this.call.request(-1));
	}

	@Test
	void requestsOfManyThreadsAreOne() throws Exception {
		ExecutorService threads = Executors.newFixedThreadPool(4);
		try {
			for (int round = 0; round < 200; round++) {
				requestFromManyThreads(threads);
			}
		}
		finally {
			threads.shutdown();
		}
	}

	private void requestFromManyThreads(ExecutorService threads) throws Exception {
		Recording all = new Recording();
		ClientCall<Message, Message> asked = call(CallOptions.DEFAULT, all);
		ServerCallStreamObserver<Message> responses = this.service.next();
		CompletableFuture<?> sender = CompletableFuture.runAsync(() -> {
			for (int i = 0; i < 100; i++) {
				responses.onNext(Message.newBuilder().setNumber(i).build());
			}
			responses.onCompleted();
		}, threads);
		List<CompletableFuture<?>> askers = new ArrayList<>();
		for (int asker = 0; asker < 4; asker++) {
			askers.add(CompletableFuture.runAsync(() -> {
				for (int i = 0; i < 25; i++) {
					asked.request(1);
				}
			}, threads));
		}
		sender.get(10, TimeUnit.SECONDS);
		for (CompletableFuture<?> asker : askers) {
			asker.get(10, TimeUnit.SECONDS);
		}
		assertThat(all.end().isOk()).isTrue();
		assertThat(all.numbers).hasSize(100).isSorted();
	}

	@Test
	void requestThatComesTogetherWithItsMessageIsNotLost() {
		List<ByHand> transports = together((transport) -> transport.listener.onMessage(Message.getDefaultInstance()),
				(transport) -> transport.above.request(1));
		assertThat(transports).allSatisfy((transport) -> assertThat(transport.received).hasValue(1));
	}

	@Test
	void cancellationThatComesTogetherWithTheEndIsNotLost() {
		List<ByHand> transports = together((transport) -> {
			transport.listener.onMessage(Message.getDefaultInstance());
			transport.listener.onClose(transport.endByServer(), new Metadata());
		}, (transport) -> transport.above.cancel("test", null));
		assertThat(transports).allSatisfy((transport) -> {
			assertThat(transport.received).hasValue(0);
			assertThat(transport.end).isNotNull();
			assertThat(transport.end.getCode()).isEqualTo(Code.CANCELLED);
		});
	}

	/** Has two threads do something with many calls, with one after the other. */
	private static List<ByHand> together(Consumer<ByHand> first, Consumer<ByHand> second) {
		List<ByHand> transports = Stream.generate(ByHand::new).limit(50_000).toList();
		AtomicInteger arrived = new AtomicInteger();
		ConcurrentRun.of(2, (index) -> {
			int expected = 0;
			for (ByHand transport : transports) {
				expected += 2;
				arrived.incrementAndGet();
				while (arrived.get() < expected) {
					Thread.onSpinWait();
				}
				((index == 0) ? first : second).accept(transport);
			}
		}).join(Duration.ofSeconds(60));
		return transports;
	}

	private void begin(CallOptions options) {
		this.call = call(options, this.listener);
		this.service.next();
	}

	private ClientCall<Message, Message> call(CallOptions options, ClientCall.Listener<Message> to) {
		return call(this.channel, options, to);
	}

	private static ClientCall<Message, Message> call(Channel channel, CallOptions options,
			ClientCall.Listener<Message> to) {
		Channel guarded = ClientInterceptors.intercept(channel,
				new ClientStreamGuard(ConcurrentSend.SERIALIZE, true, 64));
		ClientCall<Message, Message> made = guarded.newCall(EchoGrpc.getBidiMethod(), options);
		made.start(to, new Metadata());
		return made;
	}

	private void send(int count) {
		for (int i = 0; i < count; i++) {
			this.service.responses()
				.onNext(Message.newBuilder().setNumber(this.service.sent.getAndIncrement()).build());
		}
	}

	/** What was sent has come from the transport, though nobody has asked for it. */
	private void awaitReadAhead() {
		await().until(() -> this.below.messages.get() == this.service.sent.get());
	}

	private void endAndBeHeld(Consumer<StreamObserver<Message>> end) {
		end.accept(this.service.responses());
		await().until(() -> this.below.ends.get() == 1);
	}

	private void assertNothingMoreComes() {
		int before = this.listener.numbers.size();
		int ends = this.listener.ends.get();
		await().during(Duration.ofMillis(100))
			.until(() -> this.listener.numbers.size() == before && this.listener.ends.get() == ends);
	}

	/** Sees what the transport brings. */
	private static final class Below implements ClientInterceptor {

		private final AtomicInteger messages = new AtomicInteger();

		private final AtomicInteger ends = new AtomicInteger();

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
			return new SimpleForwardingClientCall<>(next.newCall(method, options)) {

				@Override
				public void start(Listener<R> listener, Metadata headers) {
					super.start(new SimpleForwardingClientCallListener<>(listener) {

						@Override
						public void onMessage(R message) {
							super.onMessage(message);
							Below.this.messages.incrementAndGet();
						}

						@Override
						public void onClose(Status status, Metadata trailers) {
							super.onClose(status, trailers);
							Below.this.ends.incrementAndGet();
						}

					}, headers);
				}

			};
		}

	}

	private static final class Recording extends ClientCall.Listener<Message> {

		private final AtomicInteger headers = new AtomicInteger();

		private final List<Integer> numbers = new CopyOnWriteArrayList<>();

		private final AtomicInteger ends = new AtomicInteger();

		private final CompletableFuture<Status> end = new CompletableFuture<>();

		private volatile IntConsumer onMessage = (number) -> {
		};

		private volatile Runnable onEnd = () -> {
		};

		private volatile Metadata trailers;

		@Override
		public void onHeaders(Metadata metadata) {
			this.headers.incrementAndGet();
		}

		@Override
		public void onMessage(Message message) {
			this.numbers.add(message.getNumber());
			this.onMessage.accept(message.getNumber());
		}

		@Override
		public void onClose(Status status, Metadata metadata) {
			this.ends.incrementAndGet();
			this.onEnd.run();
			this.trailers = metadata;
			this.end.complete(status);
		}

		Status end() throws Exception {
			Status ended = this.end.get(10, TimeUnit.SECONDS);
			assertThat(this.ends).hasValue(1);
			return ended;
		}

	}

	/** A call whose transport is the test, and the call that reads it ahead. */
	private static final class ByHand extends ClientCall<Message, Message> {

		private final AtomicInteger received = new AtomicInteger();

		private final CallAttempts attempts = new CallAttempts(() -> false);

		private final ReadAheadCall<Message, Message> above = new ReadAheadCall<>(this, this.attempts, Runnable::run);

		private volatile Status end;

		private Listener<Message> listener;

		ByHand() {
			this.above.start(new Listener<>() {

				@Override
				public void onMessage(Message message) {
					ByHand.this.received.incrementAndGet();
				}

				@Override
				public void onClose(Status status, Metadata trailers) {
					ByHand.this.end = status;
				}

			}, new Metadata());
		}

		Status endByServer() {
			ClientStreamTracer attempt = this.attempts.newClientStreamTracer(
					ClientStreamTracer.StreamInfo.newBuilder().setCallOptions(CallOptions.DEFAULT).build(),
					new Metadata());
			attempt.inboundHeaders(new Metadata());
			attempt.inboundTrailers(new Metadata());
			attempt.streamClosed(Status.OK);
			return Status.OK;
		}

		@Override
		public void start(Listener<Message> listener, Metadata headers) {
			this.listener = listener;
		}

		@Override
		public void request(int count) {
		}

		@Override
		public void cancel(String message, Throwable cause) {
		}

		@Override
		public void halfClose() {
		}

		@Override
		public void sendMessage(Message message) {
		}

	}

	/** Sends whether its client asks or not. */
	private static final class Service extends EchoGrpc.EchoImplBase {

		private final BlockingQueue<ServerCallStreamObserver<Message>> calls = new LinkedBlockingQueue<>();

		private final AtomicInteger sent = new AtomicInteger();

		private final AtomicInteger ready = new AtomicInteger();

		private volatile boolean cancelled;

		private volatile ServerCallStreamObserver<Message> responses;

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			ServerCallStreamObserver<Message> observer = (ServerCallStreamObserver<Message>) responses;
			observer.setOnReadyHandler(this.ready::incrementAndGet);
			observer.setOnCancelHandler(() -> this.cancelled = true);
			this.calls.add(observer);
			return new NumberAnswer();
		}

		ServerCallStreamObserver<Message> next() {
			try {
				this.responses = this.calls.poll(10, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
			return this.responses;
		}

		ServerCallStreamObserver<Message> responses() {
			return this.responses;
		}

	}

}
