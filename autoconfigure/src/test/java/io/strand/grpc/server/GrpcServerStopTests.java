package io.strand.grpc.server;

import java.net.Socket;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.TlsServerCredentials;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.call.CallLimit;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.call.LiveCall.State;
import io.strand.grpc.call.Threading;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestCertificates;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * What a stop of {@link GrpcServer} waits for, what it does not wait for, and what it
 * tells of those it does not wait for any longer.
 */
@ExtendWith(OutputCaptureExtension.class)
class GrpcServerStopTests extends ServerStopTestBase {

	@Test
	@DisplayName("H9: calls that outlive the grace period end as UNAVAILABLE, for every kind of handler")
	void callsThatOutliveTheGracePeriodAreUnavailable() throws Exception {
		CountDownLatch entered = new CountDownLatch(4);
		List<Throwable> thrown = new CopyOnWriteArrayList<>();
		Runnable blocked = () -> {
			entered.countDown();
			thrown.add(catchThrowable(this.release::await));
		};
		this.handlers.unary((request, responses) -> blocked.run()).serverStream((request, responses) -> {
			responses.onNext(request);
			blocked.run();
		}).clientStream((responses) -> {
			blocked.run();
			return EchoHandlers.echoLast(responses);
		}).bidi((responses) -> {
			blocked.run();
			return EchoHandlers.echoAll(responses);
		});
		GrpcServer server = start(Duration.ZERO, Duration.ofMillis(50));
		try (TestClient client = TestClient.tcp(server.getPort())) {
			// Else calls would wait for the connection until somebody reads
			await().until(() -> client.channel().getState(true) == ConnectivityState.READY);
			EchoGrpc.EchoBlockingV2Stub stub = EchoGrpc.newBlockingV2Stub(client.channel())
				.withDeadlineAfter(60, TimeUnit.SECONDS);
			ListenableFuture<Message> unary = EchoGrpc.newFutureStub(client.channel())
				.withDeadlineAfter(60, TimeUnit.SECONDS)
				.unary(message("unary"));
			BlockingClientCall<?, Message> list = stub.serverStream(message("list"));
			BlockingClientCall<Message, Message> record = stub.clientStream();
			record.write(message("record"));
			BlockingClientCall<Message, Message> chat = stub.bidi();
			chat.write(message("chat"));
			within(entered);
			server.stop();
			assertThat(codeOf(() -> unary.get(10, TimeUnit.SECONDS))).isEqualTo(Status.Code.UNAVAILABLE);
			assertThat(list.read()).isEqualTo(message("list"));
			assertThat(codeOf(list::read)).isEqualTo(Status.Code.UNAVAILABLE);
			assertThat(codeOf(record::read)).isEqualTo(Status.Code.UNAVAILABLE);
			assertThat(codeOf(chat::read)).isEqualTo(Status.Code.UNAVAILABLE);
		}
		await().untilAsserted(() -> assertThat(thrown).hasSize(4).hasOnlyElementsOfType(InterruptedException.class));
	}

	@Test
	@DisplayName("H9: the end of the grace period is a cancellation to handlers that answer later")
	void handlersThatAnswerLaterAreToldOfTheCancellation() throws Exception {
		CountDownLatch entered = new CountDownLatch(1);
		CountDownLatch told = new CountDownLatch(2);
		AtomicReference<GrpcCall> call = new AtomicReference<>();
		this.handlers.bidi((responses) -> {
			call.set(GrpcCall.current());
			Context.current().addListener((context) -> told.countDown(), Runnable::run);
			entered.countDown();
			return new EchoHandlers.RequestObserver(responses::onNext, () -> {
			}, (ex) -> {
				assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.CANCELLED);
				told.countDown();
			});
		});
		GrpcServer server = start(Duration.ZERO, Duration.ofMillis(50));
		try (TestClient client = TestClient.tcp(server.getPort())) {
			BlockingClientCall<Message, Message> chat = EchoGrpc.newBlockingV2Stub(client.channel()).bidi();
			chat.write(message("hello"));
			assertThat(chat.read()).isEqualTo(message("hello"));
			within(entered);
			server.stop();
			assertThat(codeOf(chat::read)).isEqualTo(Status.Code.UNAVAILABLE);
			within(told);
			assertThat(call.get().isCancelled()).isTrue();
		}
	}

	@Test
	@DisplayName("H9: calls that have not begun when the grace period ends never do")
	void callsThatHaveNotBegunNeverDo() throws Exception {
		this.settings = new HandlerSettings(Threading.AUTO, true, ConcurrentSend.SERIALIZE, null,
				HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(new CallLimit("server", 1)), Duration.ofSeconds(60));
		List<String> begun = new CopyOnWriteArrayList<>();
		CountDownLatch entered = new CountDownLatch(1);
		this.handlers.unary((request, responses) -> {
			begun.add(request.getText());
			entered.countDown();
			catchThrowable(this.release::await);
		});
		GrpcServer server = start(Duration.ZERO, Duration.ofMillis(50));
		try (TestClient client = TestClient.tcp(server.getPort())) {
			ListenableFuture<Message> running = EchoGrpc.newFutureStub(client.channel()).unary(message("running"));
			within(entered);
			ListenableFuture<Message> waiting = EchoGrpc.newFutureStub(client.channel()).unary(message("waiting"));
			CompletableFuture<Status> arrived = unaryWithoutEnd(client);
			await().until(() -> states().containsAll(List.of(State.WAITING_FOR_PERMIT, State.RECEIVING)));
			server.stop();
			assertThat(codeOf(() -> running.get(10, TimeUnit.SECONDS))).isEqualTo(Status.Code.UNAVAILABLE);
			assertThat(codeOf(() -> waiting.get(10, TimeUnit.SECONDS))).isEqualTo(Status.Code.UNAVAILABLE);
			assertThat(arrived.get(10, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		}
		await().untilAsserted(() -> assertThat(this.engine.liveCalls()).isEmpty());
		assertThat(begun).containsExactly("running");
	}

	private List<State> states() {
		List<State> states = new ArrayList<>();
		for (LiveCall call : this.engine.liveCalls()) {
			states.add(call.state());
		}
		return states;
	}

	private static CompletableFuture<Status> unaryWithoutEnd(TestClient client) {
		CompletableFuture<Status> end = new CompletableFuture<>();
		ClientCall<Message, Message> call = client.channel().newCall(EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT);
		call.start(new ClientCall.Listener<>() {

			@Override
			public void onClose(Status status, Metadata trailers) {
				end.complete(status);
			}

		}, new Metadata());
		call.request(1);
		call.sendMessage(message("half"));
		return end;
	}

	@Test
	@DisplayName("H9: calls that outlive the grace period are named in the log, with what they do")
	void callsThatOutliveTheGracePeriodAreNamed(CapturedOutput output) throws Exception {
		CountDownLatch entered = new CountDownLatch(1);
		this.handlers.unary((request, responses) -> {
			entered.countDown();
			waitsInAMethodThatTheLogIsToName();
		}).bidi((responses) -> EchoHandlers.echoAll(responses));
		GrpcServer server = start(Duration.ZERO, Duration.ofMillis(50));
		try (TestClient client = TestClient.tcp(server.getPort())) {
			EchoGrpc.newFutureStub(client.channel()).unary(message("unary"));
			BlockingClientCall<Message, Message> chat = EchoGrpc.newBlockingV2Stub(client.channel()).bidi();
			chat.write(message("hello"));
			assertThat(chat.read()).isEqualTo(message("hello"));
			within(entered);
			await().until(() -> states().contains(State.WAITING_FOR_MESSAGE));
			server.stop();
		}
		assertThat(output).contains("gRPC calls still running after the grace period of 50 ms are cancelled: 2")
			.containsPattern("Cancelled: strand.testing.Echo/Unary \\(call \\d+\\) from /127.0.0.1:\\d+, \\d+ ms old,"
					+ " RUNNING for \\d+ ms, 1 received, 0 sent, on thread 'grpc-call-")
			.contains("GrpcServerStopTests.waitsInAMethodThatTheLogIsToName")
			.containsPattern("Cancelled: strand.testing.Echo/Bidi \\(call \\d+\\) from /127.0.0.1:\\d+, \\d+ ms old,"
					+ " WAITING_FOR_MESSAGE for \\d+ ms, 1 received, 1 sent, ");
	}

	private void waitsInAMethodThatTheLogIsToName() {
		catchThrowable(this.release::await);
	}

	@Test
	void ofManyCallsTheOldestAreNamedAndTheRestCounted(CapturedOutput output) throws Exception {
		int calls = UnfinishedCalls.NAMED + 7;
		this.handlers.unary((request, responses) -> catchThrowable(this.release::await));
		GrpcServer server = start(Duration.ZERO, Duration.ofMillis(50));
		try (TestClient client = TestClient.tcp(server.getPort())) {
			for (int i = 0; i < calls; i++) {
				EchoGrpc.newFutureStub(client.channel()).unary(message("call " + i));
			}
			await()
				.until(() -> this.engine.liveCalls().stream().filter((call) -> call.received() == 1).count() == calls);
			server.stop();
		}
		assertThat(output.toString().split("Cancelled: ", -1)).hasSize(UnfinishedCalls.NAMED + 1);
		assertThat(output).contains("are cancelled: " + calls)
			.contains("Cancelled as well: 7 × strand.testing.Echo/Unary");
	}

	@Test
	void aDeepStackIsCutShort(CapturedOutput output) throws Exception {
		CountDownLatch entered = new CountDownLatch(1);
		this.handlers.unary((request, responses) -> deep(200, entered));
		GrpcServer server = start(Duration.ZERO, Duration.ofMillis(50));
		try (TestClient client = TestClient.tcp(server.getPort())) {
			EchoGrpc.newFutureStub(client.channel()).unary(message("deep"));
			within(entered);
			server.stop();
		}
		assertThat(output.toString().split("GrpcServerStopTests.deep", -1)).hasSizeBetween(UnfinishedCalls.FRAMES / 2,
				UnfinishedCalls.FRAMES);
	}

	private void deep(int depth, CountDownLatch entered) {
		if (depth > 0) {
			deep(depth - 1, entered);
		}
		else {
			entered.countDown();
			catchThrowable(this.release::await);
		}
	}

	@Test
	void anInterceptorThatBlocksTheEndDoesNotBlockTheStop() throws Exception {
		CountDownLatch entered = new CountDownLatch(1);
		this.handlers.unary((request, responses) -> {
			entered.countDown();
			catchThrowable(this.release::await);
		});
		GrpcServer server = start(Duration.ZERO, Duration.ofMillis(50), new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				return next.startCall(new SimpleForwardingServerCall<>(call) {

					@Override
					public void close(Status status, Metadata trailers) {
						awaitUninterrupted(GrpcServerStopTests.this.release);
						super.close(status, trailers);
					}

				}, headers);
			}

		});
		try (TestClient client = TestClient.tcp(server.getPort())) {
			ListenableFuture<Message> call = EchoGrpc.newFutureStub(client.channel()).unary(message("unary"));
			within(entered);
			inThread(server::stop).get(20, TimeUnit.SECONDS);
			assertThat(codeOf(() -> call.get(10, TimeUnit.SECONDS))).isEqualTo(Status.Code.UNAVAILABLE);
		}
	}

	@Test
	@DisplayName("H9: new calls are taken for the drain delay, on new connections too, and streams are told after it")
	void newCallsAreTakenForTheDrainDelay() throws Exception {
		CountDownLatch told = new CountDownLatch(1);
		this.handlers.bidi((responses) -> {
			GrpcCall.current().onDrain(told::countDown);
			return EchoHandlers.echoAll(responses);
		});
		GrpcServer server = start(Duration.ofMinutes(10), Duration.ofSeconds(20));
		int port = server.getPort();
		AtomicReference<Thread> stopping = new AtomicReference<>();
		try (TestClient client = TestClient.tcp(port)) {
			BlockingClientCall<Message, Message> chat = EchoGrpc.newBlockingV2Stub(client.channel()).bidi();
			chat.write(message("hello"));
			assertThat(chat.read()).isEqualTo(message("hello"));
			CompletableFuture<Void> stopped = inThread(() -> {
				stopping.set(Thread.currentThread());
				server.stop();
			});
			await().until(() -> stopping.get() != null && stopping.get().getState() == Thread.State.TIMED_WAITING);
			try (TestClient late = TestClient.tcp(port)) {
				assertThat(this.events).last().isInstanceOf(GrpcServerStoppingEvent.class);
				assertThat(late.echo("late")).isEqualTo("late");
				assertThat(client.echo("late as well")).isEqualTo("late as well");
				assertThat(told.getCount()).isOne();
				assertThat(server.isRunning()).isTrue();
			}
			finally {
				// Cuts the stop short, and so the delay
				stopping.get().interrupt();
			}
			stopped.get(20, TimeUnit.SECONDS);
			within(told);
		}
	}

	@Test
	void aDrainDelayLastsAsLongAsItSays() {
		GrpcServer server = start(Duration.ofMillis(300), Duration.ofSeconds(20));
		long start = System.nanoTime();
		server.stop();
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
	}

	@Test
	@DisplayName("H9: a stop does not wait for connections that have no call and do not answer")
	void silentConnectionsAreNotWaitedFor() throws Exception {
		GrpcServer server = start(Duration.ZERO, Duration.ofSeconds(60));
		try (Socket silent = new Socket("localhost", server.getPort());
				TestClient client = TestClient.tcp(server.getPort())) {
			assertThat(client.echo("hello")).isEqualTo("hello");
			assertThat(silent.getInputStream().read()).isNotEqualTo(-1);
			// gRPC waits ten seconds for the answer to a ping
			inThread(server::stop).get(9, TimeUnit.SECONDS);
		}
	}

	@Test
	@DisplayName("H9: a stop does not wait for connections that never finish their handshake")
	void silentHandshakesAreNotWaitedFor(@TempDir Path directory) throws Exception {
		TestCertificates certificates = TestCertificates.in(directory);
		ServerCredentials credentials = TlsServerCredentials.newBuilder().keyManager(keyManagers(certificates)).build();
		GrpcServer server = start(credentials, Duration.ZERO, Duration.ofSeconds(60));
		try (Socket silent = new Socket("localhost", server.getPort());
				TestClient client = TestClient.tcp(server.getPort(), certificates.clientCredentials())) {
			assertThat(client.echo("hello")).isEqualTo("hello");
			inThread(server::stop).get(9, TimeUnit.SECONDS);
			assertThat(silent.isConnected()).isTrue();
		}
	}

	@Test
	@DisplayName("H9: a stop does not cut off an answer that is not read yet")
	void answersThatAreNotReadYetAreWaitedFor() throws Exception {
		Message large = message("x".repeat(3 * 1024 * 1024));
		this.handlers.serverStream((request, responses) -> EchoHandlers.echo(large, responses));
		GrpcServer server = start(Duration.ZERO, Duration.ofSeconds(60));
		try (TestClient client = TestClient.tcp(server.getPort())) {
			ClientCall<Message, Message> call = client.channel()
				.newCall(EchoGrpc.getServerStreamMethod(), CallOptions.DEFAULT);
			CompletableFuture<Status> end = new CompletableFuture<>();
			CountDownLatch headers = new CountDownLatch(1);
			List<Message> received = new CopyOnWriteArrayList<>();
			call.start(new ClientCall.Listener<>() {

				@Override
				public void onHeaders(Metadata first) {
					headers.countDown();
				}

				@Override
				public void onMessage(Message message) {
					received.add(message);
				}

				@Override
				public void onClose(Status status, Metadata trailers) {
					end.complete(status);
				}

			}, new Metadata());
			call.sendMessage(message("go"));
			call.halfClose();
			within(headers);
			await().untilAsserted(() -> assertThat(this.engine.liveCalls()).isEmpty());
			CompletableFuture<Void> stopped = inThread(server::stop);
			// Long after connections without a call are given up
			assertThatExceptionOfType(TimeoutException.class)
				.isThrownBy(() -> stopped.get(1500, TimeUnit.MILLISECONDS));
			assertThat(end).isNotDone();
			call.request(2);
			assertThat(end.get(20, TimeUnit.SECONDS).isOk()).isTrue();
			assertThat(received).containsExactly(large);
			stopped.get(20, TimeUnit.SECONDS);
		}
	}

	private static KeyManager[] keyManagers(TestCertificates certificates) throws Exception {
		char[] password = TestCertificates.PASSWORD.toCharArray();
		KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
		factory.init(KeyStore.getInstance(certificates.keyStore().toFile(), password), password);
		return factory.getKeyManagers();
	}

	private static Status.Code codeOf(Callable<?> call) {
		Throwable thrown = catchThrowable(call::call);
		assertThat(thrown).isNotNull();
		return Status.fromThrowable(thrown).getCode();
	}

}
