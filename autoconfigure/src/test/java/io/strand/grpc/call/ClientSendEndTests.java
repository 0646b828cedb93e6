package io.strand.grpc.call;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.stream.StreamingCall;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.NumberAnswer;
import io.strand.grpc.testing.RawConnection;
import io.strand.grpc.testing.TcpProxy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link CallAttempts}: a client's sender that waits hears of the end of its
 * call (S6), whatever keeps the call's listener from hearing of it.
 */
@ExtendWith(LeakCheckExtension.class)
class ClientSendEndTests {

	private static final int MESSAGES = 100;

	private static final Message LARGE = Message.newBuilder()
		.setPayload(ByteString.copyFrom(new byte[16 * 1024]))
		.build();

	private final Answering service = new Answering();

	private final EngineServer server = new EngineServer(EngineServer.Kind.PLAIN_GRPC, HandlerSettings.DEFAULT,
			List.of(), this.service);

	private final RecordingServer inProcessServer = RecordingServer.inProcess("client-send-end", this.service);

	private final TcpProxy proxy = new TcpProxy(this.server.server().getPort());

	private final ManagedChannel channel = channel(Map.of());

	private final ManagedChannel inProcessChannel = prepared(InProcessChannelBuilder.forName("client-send-end"));

	private final AtomicInteger sent = new AtomicInteger();

	private final CompletableFuture<Throwable> thrown = new CompletableFuture<>();

	@AfterEach
	void close() throws Exception {
		this.service.read.countDown();
		close(this.channel);
		close(this.inProcessChannel);
		this.proxy.close();
		this.server.close();
		this.inProcessServer.close();
	}

	private ManagedChannel channel(Map<String, ?> policy) {
		Map<String, Object> ofAllMethods = new HashMap<>(policy);
		ofAllMethods.put("name", List.of(Map.of()));
		return prepared(NettyChannelBuilder
			.forAddress("localhost", this.proxy.port(), ClientStreamGuard.watched(InsecureChannelCredentials.create()))
			.defaultServiceConfig(Map.of("methodConfig", List.of(ofAllMethods))));
	}

	private static ManagedChannel prepared(ManagedChannelBuilder<?> builder) {
		ClientStreamGuard.prepare(builder, null);
		return builder.build();
	}

	enum Transport {

		NETTY, IN_PROCESS

	}

	private ManagedChannel channel(Transport transport) {
		return (transport == Transport.NETTY) ? this.channel : this.inProcessChannel;
	}

	private void loseConnection(Transport transport) {
		if (transport == Transport.NETTY) {
			this.proxy.close();
		}
		else {
			this.inProcessServer.close();
		}
	}

	/** What keeps the listener from hearing of the end, and what the server has sent. */
	enum Obstacle {

		NONE(1), ON_MESSAGE_WAITS_FOR_SENDER(3), ON_READY_WAITS_FOR_SENDER(1), ON_READY_WAITS_BEFORE_ANSWERS(0),
		ANSWERS_UNREAD(3);

		private final int answers;

		Obstacle(int answers) {
			this.answers = answers;
		}

		boolean isInOnReady() {
			return this == ON_READY_WAITS_FOR_SENDER || this == ON_READY_WAITS_BEFORE_ANSWERS;
		}

	}

	/** How the call ends, and what the sender is told: more, where nothing hinders. */
	enum End {

		DEADLINE(Code.DEADLINE_EXCEEDED, Code.DEADLINE_EXCEEDED),

		CONTEXT(Code.CANCELLED, Code.CANCELLED),

		CANCEL(Code.CANCELLED, Code.CANCELLED),

		CHANNEL_STOPS(Code.UNAVAILABLE, Code.UNAVAILABLE),

		CONNECTION_LOST(Code.UNAVAILABLE, Code.UNAVAILABLE),

		SERVER_COMPLETES(Code.CANCELLED, Code.CANCELLED),

		SERVER_FAILS(Code.ABORTED, Code.CANCELLED),

		SERVER_RESETS(Code.CANCELLED, Code.CANCELLED);

		private final Code told;

		private final Code toldBehindMessages;

		End(Code told, Code toldBehindMessages) {
			this.told = told;
			this.toldBehindMessages = toldBehindMessages;
		}

		Code toldBehindMessages(Transport transport) {
			// How the server has ended the call is read ahead
			return (this == SERVER_FAILS && transport == Transport.IN_PROCESS) ? this.told : this.toldBehindMessages;
		}

	}

	static Stream<Arguments> transportsAndEnds() {
		return Stream.of(Transport.values())
			.flatMap((transport) -> Stream.of(End.values()).map((end) -> Arguments.of(transport, end)));
	}

	static Stream<Arguments> transportsObstaclesAndEnds() {
		return transportsAndEnds().flatMap((both) -> Stream.of(Obstacle.values())
			.map((obstacle) -> Arguments.of(both.get()[0], obstacle, both.get()[1])));
	}

	@ParameterizedTest
	@MethodSource("transportsObstaclesAndEnds")
	@DisplayName("S6: a waiting sender is released, whatever its call's callbacks wait for")
	void waitingSenderIsReleased(Transport transport, Obstacle obstacle, End end) throws Exception {
		this.service.answers = obstacle.answers;
		HinderedObserver observer = new HinderedObserver(obstacle);
		ManagedChannel used = channel(transport);
		EchoGrpc.EchoStub stub = EchoGrpc
			.newStub(ClientInterceptors.intercept(used, new ClientStreamGuard(ConcurrentSend.SERIALIZE, true, 64,
					new BlockedSends(), new LongAdder(), used::isTerminated)));
		EchoGrpc.EchoStub limited = (end == End.DEADLINE) ? stub.withDeadlineAfter(3, TimeUnit.SECONDS) : stub;
		try (Context.CancellableContext context = Context.current().withCancellation()) {
			context.run(() -> limited.bidi(observer));
			Thread sender = start(transport, observer::sendWithLock);
			switch (end) {
				case DEADLINE -> {
				}
				case CONTEXT -> context.cancel(null);
				case CANCEL -> observer.requests.cancel("no longer wanted", null);
				case CHANNEL_STOPS -> used.shutdownNow();
				case CONNECTION_LOST -> loseConnection(transport);
				case SERVER_COMPLETES -> this.service.responses.get().onCompleted();
				case SERVER_FAILS -> this.service.responses.get().onError(Status.ABORTED.asRuntimeException());
				case SERVER_RESETS -> reset(this.service.responses.get());
			}
			assertThat(toldTo(sender)).isEqualTo((obstacle.answers > 1) ? end.toldBehindMessages(transport) : end.told);
		}
	}

	static Stream<Arguments> transportsAndEndsByServer() {
		return transportsAndEnds()
			.filter((both) -> EnumSet.of(End.CONNECTION_LOST, End.SERVER_COMPLETES, End.SERVER_FAILS, End.SERVER_RESETS)
				.contains(both.get()[1]));
	}

	@ParameterizedTest
	@Timeout(60) // what is not delivered is waited for
	@MethodSource("transportsAndEndsByServer")
	@DisplayName("S6: a waiting sender of a blocking stub is released though answers lie there unread")
	void waitingSenderOfBlockingStubIsReleased(Transport transport, End end) throws Exception {
		this.service.answers = 3;
		BlockingClientCall<Message, Message> call = EchoGrpc
			.newBlockingV2Stub(ClientInterceptors.intercept(channel(transport),
					new ClientStreamGuard(ConcurrentSend.SERIALIZE, false, 64)))
			.bidi();
		StreamingCall<Message, Message> streaming = StreamingCall.of(call);
		Thread sender = start(transport, () -> sendMany(streaming::send));
		switch (end) {
			case CONNECTION_LOST -> loseConnection(transport);
			case SERVER_COMPLETES -> this.service.responses.get().onCompleted();
			case SERVER_RESETS -> reset(this.service.responses.get());
			default -> this.service.responses.get().onError(Status.ABORTED.asRuntimeException());
		}
		assertThat(toldTo(sender)).isEqualTo(end.toldBehindMessages(transport));
		// What has come can still be read, and then how it ended; in-process not what
		// came
		// before a call is cut off
		boolean cutOff = end == End.CONNECTION_LOST || end == End.SERVER_RESETS;
		int readable = (cutOff && transport == Transport.IN_PROCESS) ? 1 : 3;
		for (int i = 0; i < readable; i++) {
			assertThat(streaming.receive()).isNotNull();
		}
		assertThat(codeOfEnd(streaming)).isEqualTo((end == End.SERVER_COMPLETES) ? Code.OK : end.told);
	}

	/** By an answer that its marshaller cannot serialize. */
	@SuppressWarnings({ "unchecked", "rawtypes" })
	private static void reset(StreamObserver<Message> responses) {
		((StreamObserver) responses).onNext("not a message");
	}

	private static Map<String, ?> retried(String backoff, Code code) {
		return Map.of("retryPolicy", Map.of("maxAttempts", 2D, "initialBackoff", backoff, "maxBackoff", backoff,
				"backoffMultiplier", 1D, "retryableStatusCodes", List.of(code.name())));
	}

	static Stream<Map<String, ?>> policies() {
		// The second attempt of a hedged call comes when it is due, also if the first has
		// failed
		return Stream.of(retried("0.5s", Code.ABORTED), Map.of("hedgingPolicy",
				Map.of("maxAttempts", 2D, "hedgingDelay", "4s", "nonFatalStatusCodes", List.of("ABORTED"))));
	}

	@ParameterizedTest
	@MethodSource("policies")
	@DisplayName("S6: a waiting sender waits on while its call is tried again")
	void waitingSenderWaitsOnWhileItsCallIsTriedAgain(Map<String, ?> policy) throws Exception {
		ManagedChannel retrying = channel(policy);
		try {
			NumberAnswer read = new NumberAnswer();
			StreamObserver<Message> requests = EchoGrpc
				.newStub(ClientInterceptors.intercept(retrying,
						new ClientStreamGuard(ConcurrentSend.SERIALIZE, true, 64)))
				.clientStream(read);
			Thread sender = start(() -> sendMany(requests::onNext));
			assertThat(this.service.calls).hasValue(1);
			this.service.responses.get().onError(Status.ABORTED.asRuntimeException());
			this.service.read.countDown();
			sender.join(20_000);
			assertThat(this.thrown).isNotDone();
			requests.onCompleted();
			assertThat(read.get()).isEqualTo(MESSAGES);
			assertThat(this.service.calls).hasValue(2);
		}
		finally {
			close(retrying);
		}
	}

	@Test
	@DisplayName("S6: a waiting sender is released when its call has been tried often enough")
	void waitingSenderIsReleasedAfterTheLastAttempt() throws Exception {
		ManagedChannel retrying = channel(retried("0.1s", Code.UNAVAILABLE));
		try {
			HinderedObserver observer = new HinderedObserver(Obstacle.ON_READY_WAITS_BEFORE_ANSWERS);
			EchoGrpc
				.newStub(ClientInterceptors.intercept(retrying,
						new ClientStreamGuard(ConcurrentSend.SERIALIZE, true, 64)))
				.bidi(observer);
			Thread sender = start(observer::sendWithLock);
			this.proxy.close();
			assertThat(toldTo(sender)).isEqualTo(Code.UNAVAILABLE);
		}
		finally {
			close(retrying);
		}
	}

	@Test
	@DisplayName("S6: a waiting sender is told of the end of the last attempt, not of one before")
	void waitingSenderIsToldOfTheLastAttempt() throws Exception {
		this.service.answers = 3;
		this.service.refused = 1;
		ManagedChannel retrying = channel(retried("0.1s", Code.UNAVAILABLE));
		try {
			HinderedObserver observer = new HinderedObserver(Obstacle.ANSWERS_UNREAD);
			EchoGrpc
				.newStub(ClientInterceptors.intercept(retrying,
						new ClientStreamGuard(ConcurrentSend.SERIALIZE, true, 64)))
				.bidi(observer);
			Thread sender = start(observer::sendWithLock);
			this.service.responses.get().onCompleted();
			assertThat(toldTo(sender)).isEqualTo(Code.CANCELLED);
			assertThat(this.service.calls).hasValue(2);
		}
		finally {
			close(retrying);
		}
	}

	@Test
	@DisplayName("S6: a waiting sender is released when its channel stops before the call is tried again")
	void waitingSenderIsReleasedWhenItsChannelStopsBeforeTheNextAttempt() throws Exception {
		ManagedChannel retrying = channel(retried("60s", Code.ABORTED));
		try {
			HinderedObserver observer = new HinderedObserver(Obstacle.ON_READY_WAITS_BEFORE_ANSWERS);
			EchoGrpc
				.newStub(ClientInterceptors.intercept(retrying, new ClientStreamGuard(ConcurrentSend.SERIALIZE, true,
						64, new BlockedSends(), new LongAdder(), retrying::isTerminated)))
				.bidi(observer);
			Thread sender = start(observer::sendWithLock);
			this.service.responses.get().onError(Status.ABORTED.asRuntimeException());
			await().during(Duration.ofMillis(200)).until(() -> !this.thrown.isDone());
			retrying.shutdownNow();
			assertThat(toldTo(sender)).isEqualTo(Code.UNAVAILABLE);
		}
		finally {
			close(retrying);
		}
	}

	@Test
	@DisplayName("S6: a waiting sender is released by the context before its call is tried again")
	void waitingSenderIsReleasedByTheContextBeforeTheNextAttempt() throws Exception {
		ManagedChannel retrying = channel(retried("60s", Code.ABORTED));
		try (Context.CancellableContext context = Context.current().withCancellation()) {
			HinderedObserver observer = new HinderedObserver(Obstacle.ON_READY_WAITS_BEFORE_ANSWERS);
			EchoGrpc.EchoStub stub = EchoGrpc.newStub(
					ClientInterceptors.intercept(retrying, new ClientStreamGuard(ConcurrentSend.SERIALIZE, true, 64)));
			context.run(() -> stub.bidi(observer));
			Thread sender = start(observer::sendWithLock);
			this.service.responses.get().onError(Status.ABORTED.asRuntimeException());
			await().during(Duration.ofMillis(200)).until(() -> !this.thrown.isDone());
			context.cancel(null);
			assertThat(toldTo(sender)).isEqualTo(Code.CANCELLED);
		}
		finally {
			close(retrying);
		}
	}

	@Test
	@DisplayName("S6: a waiting sender is not released by a context that its call has left")
	void waitingSenderIsNotReleasedByAContextThatItsCallHasLeft() throws Exception {
		NumberAnswer read = new NumberAnswer();
		EchoGrpc.EchoStub stub = EchoGrpc.newStub(ClientInterceptors.intercept(this.channel,
				new InterceptorThatLeavesTheContext(), new ClientStreamGuard(ConcurrentSend.SERIALIZE, true, 64)));
		try (Context.CancellableContext context = Context.current().withCancellation()) {
			StreamObserver<Message> requests = context.call(() -> stub.clientStream(read));
			Thread sender = start(() -> sendMany(requests::onNext));
			context.cancel(null);
			await().during(Duration.ofMillis(200)).until(() -> !this.thrown.isDone());
			this.service.read.countDown();
			sender.join(20_000);
			requests.onCompleted();
			assertThat(read.get()).isEqualTo(MESSAGES);
		}
	}

	@Test
	@DisplayName("S6: a waiting sender is released when the server ends the stream without a status")
	void waitingSenderIsReleasedByAnEndWithoutTrailers() throws Exception {
		try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			ManagedChannel raw = prepared(NettyChannelBuilder.forAddress("127.0.0.1", listener.getLocalPort(),
					ClientStreamGuard.watched(InsecureChannelCredentials.create())));
			HinderedObserver observer = new HinderedObserver(Obstacle.ANSWERS_UNREAD);
			EchoGrpc
				.newStub(ClientInterceptors.intercept(raw, new ClientStreamGuard(ConcurrentSend.SERIALIZE, true, 64)))
				.bidi(observer);
			try (RawConnection server = RawConnection.accept(listener)) {
				int stream = server.read(RawConnection.HEADERS).stream();
				server.answer(stream);
				this.service.responses.set(new NumberAnswer());
				Thread sender = start(observer::sendWithLock);
				server.write(RawConnection.DATA, 0, stream, new byte[5]);
				server.write(RawConnection.DATA, RawConnection.END_STREAM, stream, new byte[5]);
				assertThat(toldTo(sender)).isEqualTo(Code.CANCELLED);
			}
			finally {
				close(raw);
			}
		}
	}

	@Test
	@DisplayName("S6: what ended a call is told also when its connection is lost after that")
	void endIsToldAlsoWhenTheConnectionIsLostAfterThat() throws Exception {
		HinderedObserver observer = openWithoutReading();
		Thread sender = start(observer::sendWithLock);
		this.service.responses.get().onCompleted();
		assertThat(toldTo(sender)).isEqualTo(Code.CANCELLED);
		this.proxy.close();
		assertStillTold(observer, Code.CANCELLED);
	}

	@Test
	@DisplayName("S6: a lost connection is told as such also later, when its streams are gone")
	void lostConnectionIsToldAsSuchAlsoLater() throws Exception {
		HinderedObserver observer = openWithoutReading();
		Thread sender = start(observer::sendWithLock);
		this.proxy.close();
		assertThat(toldTo(sender)).isEqualTo(Code.UNAVAILABLE);
		assertStillTold(observer, Code.UNAVAILABLE);
	}

	private HinderedObserver openWithoutReading() {
		HinderedObserver observer = new HinderedObserver(Obstacle.ANSWERS_UNREAD);
		this.service.answers = observer.obstacle.answers;
		EchoGrpc
			.newStub(ClientInterceptors.intercept(this.channel,
					new ClientStreamGuard(ConcurrentSend.SERIALIZE, true, 64)))
			.bidi(observer);
		return observer;
	}

	private static void assertStillTold(HinderedObserver observer, Code code) {
		await().during(Duration.ofMillis(200))
			.until(() -> Status.fromThrowable(catchThrowable(() -> observer.requests.onNext(LARGE))).getCode() == code);
	}

	@Test
	void blockingStubHearsOfTheEndFromItsListenerWhereThatIsTold() throws Exception {
		assertThat(callThatHasEnded(StreamObserver::onCompleted).write(LARGE)).isFalse();
		Metadata.Key<String> reason = Metadata.Key.of("reason", Metadata.ASCII_STRING_MARSHALLER);
		Metadata trailers = new Metadata();
		trailers.put(reason, "test");
		BlockingClientCall<Message, Message> failed = callThatHasEnded(
				(responses) -> responses.onError(Status.INVALID_ARGUMENT.asRuntimeException(trailers)));
		assertThatExceptionOfType(StatusException.class).isThrownBy(() -> failed.write(LARGE)).satisfies((ex) -> {
			assertThat(ex.getStatus().getCode()).isEqualTo(Code.INVALID_ARGUMENT);
			assertThat(ex.getTrailers().get(reason)).isEqualTo("test");
		});
	}

	/** A call of one thread, which has looked elsewhere when the call ended. */
	private BlockingClientCall<Message, Message> callThatHasEnded(Consumer<StreamObserver<Message>> end)
			throws Exception {
		this.service.answers = 0;
		this.service.responses.set(null);
		BlockingClientCall<Message, Message> call = EchoGrpc
			.newBlockingV2Stub(ClientInterceptors.intercept(this.channel,
					new ClientStreamGuard(ConcurrentSend.SERIALIZE, false, 64)))
			.bidi();
		call.write(Message.getDefaultInstance());
		await().until(() -> this.service.responses.get() != null);
		end.accept(this.service.responses.get());
		// Until it was told, and some more
		await().pollDelay(Duration.ofMillis(200)).until(() -> true);
		return call;
	}

	private static void close(ManagedChannel made) throws InterruptedException {
		made.shutdownNow();
		assertThat(made.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
	}

	private static Code codeOfEnd(StreamingCall<?, ?> call) {
		try {
			return (call.receive() == null) ? Code.OK : Code.UNKNOWN;
		}
		catch (RuntimeException ex) {
			return Status.fromThrowable(ex).getCode();
		}
	}

	/** Has a thread send until nothing more goes. */
	private Thread start(Task task) {
		return start(Transport.NETTY, task);
	}

	private Thread start(Transport transport, Task task) {
		Thread sender = new Thread(() -> {
			try {
				task.run();
			}
			catch (Throwable ex) {
				this.thrown.complete(ex);
			}
		}, "client-sender");
		sender.setDaemon(true);
		sender.start();
		int[] before = new int[1];
		// In-process, what the server has asked for
		int windowful = (transport == Transport.NETTY) ? 2 : 1;
		// As long as the windows of the connection fill, it waits for moments only
		await().pollInterval(Duration.ofMillis(5)).during(Duration.ofMillis(100)).until(() -> {
			int now = this.sent.get();
			boolean waits = now >= windowful && now == before[0] && this.service.responses.get() != null;
			before[0] = now;
			return waits || this.thrown.isDone();
		});
		return sender;
	}

	private Code toldTo(Thread sender) throws Exception {
		try {
			return Status.fromThrowable(this.thrown.get(10, TimeUnit.SECONDS)).getCode();
		}
		finally {
			sender.interrupt(); // if it was not released
			sender.join(10_000);
		}
	}

	private void sendMany(Sends sends) throws Exception {
		for (int i = 0; i < MESSAGES; i++) {
			sends.send(LARGE);
			this.sent.incrementAndGet();
		}
	}

	@FunctionalInterface
	private interface Task {

		void run() throws Exception;

	}

	@FunctionalInterface
	private interface Sends {

		void send(Message message) throws Exception;

	}

	/** Sends with a lock in hand that one of its callbacks waits for. */
	private final class HinderedObserver implements ClientResponseObserver<Message, Message> {

		private final Obstacle obstacle;

		private final ReentrantLock lock = new ReentrantLock();

		private final CountDownLatch locked = new CountDownLatch(1);

		private final CountDownLatch hindered;

		private ClientCallStreamObserver<Message> requests;

		HinderedObserver(Obstacle obstacle) {
			this.obstacle = obstacle;
			this.hindered = new CountDownLatch(
					(obstacle == Obstacle.ON_MESSAGE_WAITS_FOR_SENDER || obstacle.isInOnReady()) ? 1 : 0);
		}

		void sendWithLock() throws Exception {
			this.lock.lock();
			try {
				this.locked.countDown();
				this.requests.onNext(Message.getDefaultInstance());
				this.hindered.await();
				sendMany(this.requests::onNext);
			}
			finally {
				this.lock.unlock();
			}
		}

		private void waitForSender() {
			try {
				this.locked.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			this.hindered.countDown();
			this.lock.lock();
			this.lock.unlock();
		}

		@Override
		public void beforeStart(ClientCallStreamObserver<Message> requests) {
			this.requests = requests;
			if (this.obstacle == Obstacle.ANSWERS_UNREAD) {
				requests.disableAutoRequestWithInitial(0);
			}
			if (this.obstacle.isInOnReady()) {
				requests.setOnReadyHandler(this::waitForSender);
			}
		}

		@Override
		public void onNext(Message message) {
			if (this.obstacle == Obstacle.ON_MESSAGE_WAITS_FOR_SENDER) {
				waitForSender();
			}
		}

		@Override
		public void onError(Throwable error) {
		}

		@Override
		public void onCompleted() {
		}

	}

	private static final class InterceptorThatLeavesTheContext implements ClientInterceptor {

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
			Context left = Context.ROOT.attach();
			try {
				return next.newCall(method, options);
			}
			finally {
				Context.ROOT.detach(left);
			}
		}

	}

	/** Answers the first message, then reads no more until it is told to, and counts. */
	private static final class Answering extends EchoGrpc.EchoImplBase {

		private final AtomicReference<StreamObserver<Message>> responses = new AtomicReference<>();

		private final CountDownLatch read = new CountDownLatch(1);

		private final AtomicInteger calls = new AtomicInteger();

		private volatile int refused;

		private volatile int answers;

		@Override
		public StreamObserver<Message> clientStream(StreamObserver<Message> responses) {
			return bidi(responses);
		}

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			if (this.calls.incrementAndGet() <= this.refused) {
				responses.onError(Status.UNAVAILABLE.asRuntimeException());
				return responses;
			}
			this.responses.set(responses);
			return new StreamObserver<>() {

				private int count;

				@Override
				public void onNext(Message message) {
					if (this.count++ == 0) {
						for (int i = 0; i < Answering.this.answers; i++) {
							responses.onNext(message);
						}
					}
					else {
						awaitRead();
					}
				}

				@Override
				public void onError(Throwable error) {
				}

				@Override
				public void onCompleted() {
					responses.onNext(Message.newBuilder().setNumber(this.count).build());
					responses.onCompleted();
				}

			};
		}

		private void awaitRead() {
			try {
				this.read.await(30, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

	}

}
