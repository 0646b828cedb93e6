package io.strand.grpc.call;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import com.google.protobuf.ByteString;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.FakeCall;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.NumberAnswer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link ClientStreamGuard}: the client's half of the guarantees on streams.
 */
@ExtendWith(LeakCheckExtension.class)
class ClientStreamGuardTests {

	private static final int SENDERS = 32;

	private static final int MESSAGES = 1000;

	private static final ByteString LARGE = ByteString.copyFrom(new byte[16 * 1024]);

	private final Collector collector = new Collector();

	private EngineServer server = new EngineServer(EngineServer.Kind.STRAND_NETTY, HandlerSettings.DEFAULT, List.of(),
			this.collector);

	@AfterEach
	void close() throws Exception {
		this.collector.read.countDown();
		this.server.close();
	}

	@ParameterizedTest
	@EnumSource(names = { "STRAND_NETTY", "STRAND_IN_PROCESS" })
	@DisplayName("S2: many threads send on one request stream; all messages arrive, each thread's in order")
	void manyThreadsSendOnOneRequestStream(EngineServer.Kind kind) throws Exception {
		this.server.close();
		this.server = new EngineServer(kind, HandlerSettings.DEFAULT, List.of(), this.collector);
		this.collector.read.countDown();
		NumberAnswer answer = new NumberAnswer();
		StreamObserver<Message> requests = stub(ConcurrentSend.SERIALIZE, false).clientStream(answer);
		ConcurrentRun.of(SENDERS, (sender) -> {
			for (int i = 0; i < MESSAGES; i++) {
				requests.onNext(Message.newBuilder().setText("" + sender).setNumber(i).build());
			}
		}).join(Duration.ofSeconds(20));
		requests.onCompleted();
		assertThat(answer.get()).isEqualTo(SENDERS * MESSAGES);
		assertThat(this.collector.outOfOrder).isEmpty();
	}

	@Test
	@DisplayName("S3: the second sender is told, and the first one is not disturbed")
	void secondSenderIsTold() throws Exception {
		NumberAnswer answer = new NumberAnswer();
		StreamObserver<Message> requests = stub(ConcurrentSend.FAIL, true).clientStream(answer);
		AtomicInteger sent = new AtomicInteger();
		Thread first = new Thread(() -> sendLarge(requests, 100, sent), "first-sender");
		first.start();
		awaitForAWhile(() -> sent.get() > 0 && first.getState() == Thread.State.TIMED_WAITING);
		assertThatExceptionOfType(ConcurrentStreamUseException.class)
			.isThrownBy(() -> requests.onNext(Message.getDefaultInstance()))
			.withMessageContaining("the requests of strand.testing.Echo/ClientStream")
			.withMessageContaining("first-sender");
		this.collector.read.countDown();
		first.join(10_000);
		requests.onCompleted();
		assertThat(answer.get()).isEqualTo(100);
	}

	@Test
	@Timeout(20)
	@DisplayName("S5: a sender of gRPC's blocking stub, which waits by itself, does not wait in the guard too")
	void senderOfABlockingStubDoesNotWaitInTheGuard() {
		ClientCall<Message, Message> neverReady = new SimpleForwardingClientCall<>(new FakeCall<>()) {

			@Override
			public boolean isReady() {
				return false;
			}

		};
		ClientCall<Message, Message> call = new GuardedClientCall<>(neverReady, EchoGrpc.getBidiMethod(),
				new ClientStreamGuard(ConcurrentSend.SERIALIZE, true, 64), new CallAttempts(() -> false),
				Runnable::run);
		call.start(new ClientCall.Listener<>() {
		}, new Metadata());
		assertThatNoException().isThrownBy(() -> call.sendMessage(Message.getDefaultInstance()));
	}

	@Test
	@DisplayName("S5: a sender waits while the server does not read, if the channel asks for it")
	void senderWaitsWhileTheServerDoesNotRead() throws Exception {
		NumberAnswer answer = new NumberAnswer();
		StreamObserver<Message> requests = stub(ConcurrentSend.SERIALIZE, true).clientStream(answer);
		AtomicInteger sent = new AtomicInteger();
		Thread sender = new Thread(() -> sendLarge(requests, 500, sent), "client-sender");
		sender.start();
		await().until(() -> sender.getState() == Thread.State.TIMED_WAITING);
		assertThat(sent).hasValueLessThan(40);
		this.collector.read.countDown();
		sender.join(10_000);
		requests.onCompleted();
		assertThat(answer.get()).isEqualTo(500);
	}

	@Test
	@DisplayName("S5: without being asked to, a sender does not wait")
	void senderDoesNotWaitUnlessAskedTo() throws Exception {
		NumberAnswer answer = new NumberAnswer();
		StreamObserver<Message> requests = stub(ConcurrentSend.SERIALIZE, false).clientStream(answer);
		AtomicInteger sent = new AtomicInteger();
		sendLarge(requests, 100, sent);
		assertThat(sent).hasValue(100);
		this.collector.read.countDown();
		requests.onCompleted();
		assertThat(answer.get()).isEqualTo(100);
	}

	@Test
	@DisplayName("S6: a waiting sender is released by the end of the call, with its status")
	void waitingSenderIsReleasedByCancellation() throws Exception {
		AtomicReference<Throwable> failure = new AtomicReference<>();
		ClientCallStreamObserver<Message> requests = (ClientCallStreamObserver<Message>) stub(ConcurrentSend.SERIALIZE,
				true)
			.clientStream(new NumberAnswer());
		Thread sender = senderThatFails(requests, failure);
		requests.cancel("no longer wanted", null);
		sender.join(5_000);
		assertThat(failure.get()).isInstanceOf(StatusRuntimeException.class)
			.hasMessageContaining("CANCELLED")
			.hasMessageContaining("no longer wanted");
	}

	@Test
	@DisplayName("S6: a waiting sender is released by the deadline")
	void waitingSenderIsReleasedByTheDeadline() throws Exception {
		AtomicReference<Throwable> failure = new AtomicReference<>();
		StreamObserver<Message> requests = stub(ConcurrentSend.SERIALIZE, true)
			.withDeadlineAfter(500, TimeUnit.MILLISECONDS)
			.clientStream(new NumberAnswer());
		senderThatFails(requests, failure).join(5_000);
		assertThat(Status.fromThrowable(failure.get()).getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
	}

	@Test
	@DisplayName("S6: an interrupt releases a waiting sender, and stays set")
	void interruptReleasesTheSender() throws Exception {
		AtomicReference<Throwable> failure = new AtomicReference<>();
		ClientCallStreamObserver<Message> requests = (ClientCallStreamObserver<Message>) stub(ConcurrentSend.SERIALIZE,
				true)
			.clientStream(new NumberAnswer());
		Thread sender = senderThatFails(requests, failure);
		sender.interrupt();
		sender.join(5_000);
		assertThat(failure.get()).hasMessageContaining("Interrupted while waiting to send");
		requests.cancel("done", null);
	}

	@Test
	@DisplayName("S5: a sender in a callback of its own call does not wait for what it holds up itself")
	void senderInACallbackOfItsOwnCallDoesNotWait() throws Exception {
		AtomicReference<StreamObserver<Message>> requests = new AtomicReference<>();
		CompletableFuture<Integer> sentInCallback = new CompletableFuture<>();
		StreamObserver<Message> responses = new StreamObserver<>() {

			@Override
			public void onNext(Message message) {
				AtomicInteger sent = new AtomicInteger();
				sendLarge(requests.get(), 100, sent);
				sentInCallback.complete(sent.get());
				requests.get().onCompleted();
			}

			@Override
			public void onError(Throwable error) {
				sentInCallback.completeExceptionally(error);
			}

			@Override
			public void onCompleted() {
			}

		};
		requests.set(stub(ConcurrentSend.SERIALIZE, true).bidi(responses));
		requests.get().onNext(Message.getDefaultInstance());
		assertThat(sentInCallback.get(5, TimeUnit.SECONDS)).isEqualTo(100);
		this.collector.read.countDown();
	}

	@Test
	@DisplayName("S8: after its end a stream takes nothing, and says so; racing ends end it once")
	void racingEndsEndTheStreamOnce() throws Exception {
		this.collector.read.countDown();
		for (int round = 0; round < 200; round++) {
			NumberAnswer answer = new NumberAnswer();
			StreamObserver<Message> requests = stub(ConcurrentSend.SERIALIZE, false).clientStream(answer);
			AtomicInteger refused = new AtomicInteger();
			ConcurrentRun.of(4, (index) -> {
				try {
					requests.onCompleted();
				}
				catch (IllegalStateException ex) {
					refused.incrementAndGet();
				}
			}).join(Duration.ofSeconds(5));
			assertThat(refused).hasValue(3);
			assertThat(answer.get()).isZero();
			assertThatExceptionOfType(IllegalStateException.class)
				.isThrownBy(() -> requests.onNext(Message.getDefaultInstance()))
				.withMessageContaining("completed");
		}
	}

	private Thread senderThatFails(StreamObserver<Message> requests, AtomicReference<Throwable> failure) {
		Thread sender = new Thread(() -> {
			try {
				sendLarge(requests, 500, new AtomicInteger());
			}
			catch (RuntimeException ex) {
				failure.set(ex);
			}
		}, "client-sender");
		sender.start();
		awaitForAWhile(() -> sender.getState() == Thread.State.TIMED_WAITING || !sender.isAlive());
		return sender;
	}

	/**
	 * As long as the windows of the connection fill, a sender waits for moments only. It
	 * looks again each 50 ms.
	 */
	private static void awaitForAWhile(Callable<Boolean> condition) {
		await().pollInterval(Duration.ofMillis(5)).during(Duration.ofMillis(40)).until(condition);
	}

	private static void sendLarge(StreamObserver<Message> requests, int count, AtomicInteger sent) {
		for (int i = 0; i < count; i++) {
			requests.onNext(Message.newBuilder().setPayload(LARGE).build());
			sent.incrementAndGet();
		}
	}

	private EchoGrpc.EchoStub stub(ConcurrentSend concurrentSend, boolean blockingSend) {
		return EchoGrpc.newStub(ClientInterceptors.intercept(this.server.channel(),
				new ClientStreamGuard(concurrentSend, blockingSend, 64)));
	}

	/** Reads nothing until it is told to, then counts. */
	private static final class Collector extends EchoGrpc.EchoImplBase {

		private final CountDownLatch read = new CountDownLatch(1);

		private final Set<String> outOfOrder = ConcurrentHashMap.newKeySet();

		@Override
		public StreamObserver<Message> clientStream(StreamObserver<Message> responses) {
			((ServerCallStreamObserver<Message>) responses).setOnCancelHandler(() -> {
			});
			int[] next = new int[SENDERS];
			return new StreamObserver<>() {

				private int count;

				@Override
				public void onNext(Message message) {
					awaitRead();
					this.count++;
					if (!message.getText().isEmpty()) {
						int sender = Integer.parseInt(message.getText());
						if (message.getNumber() != next[sender]++) {
							Collector.this.outOfOrder.add(message.getText());
						}
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

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			return new StreamObserver<>() {

				private boolean answered;

				@Override
				public void onNext(Message message) {
					if (!this.answered) {
						this.answered = true;
						responses.onNext(message);
						return;
					}
					awaitRead();
				}

				@Override
				public void onError(Throwable error) {
				}

				@Override
				public void onCompleted() {
					responses.onCompleted();
				}

			};
		}

		private void awaitRead() {
			try {
				this.read.await(10, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				throw Status.CANCELLED.withCause(ex).asRuntimeException();
			}
		}

	}

}
