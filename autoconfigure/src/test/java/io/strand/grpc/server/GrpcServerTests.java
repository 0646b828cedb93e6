package io.strand.grpc.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import io.grpc.ServerBuilder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.testing.BlockingStockService;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.FreePort;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link GrpcServer}: starts, stops and the races of both.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class GrpcServerTests {

	private final BlockingStockService stock = new BlockingStockService();

	private final List<Object> events = new CopyOnWriteArrayList<>();

	private @Nullable GrpcServer server;

	private final CallEngine engine = new CallEngine((method) -> HandlerSettings.DEFAULT, true, 10);

	@AfterEach
	void stopServer() {
		this.stock.release();
		if (this.server != null) {
			this.server.stop();
		}
		this.engine.close();
	}

	@Test
	void startedTwiceStartsOnce() {
		GrpcServer server = server(settings(0, null, Duration.ZERO));
		server.start();
		int port = server.getPort();
		server.start();
		assertThat(server.getPort()).isEqualTo(port);
		assertThat(this.events).hasSize(1);
	}

	@Test
	void stoppedTwiceStopsOnce() {
		GrpcServer server = server(settings(0, null, Duration.ZERO));
		server.stop();
		assertThat(this.events).isEmpty();
		server.start();
		server.stop();
		server.stop();
		assertThat(this.events).hasExactlyElementsOfTypes(GrpcServerStartedEvent.class, GrpcServerStoppingEvent.class,
				GrpcServerStoppedEvent.class);
		assertThat(server.getPort()).isEqualTo(-1);
		assertThat(server.getLocalAddress()).isNull();
	}

	@Test
	void stopsAtTheSameTimeAllReturnWhenItHasStoppedAndTellItOnce() throws Exception {
		GrpcServer server = server(settings(0, null, Duration.ofSeconds(10)));
		server.start();
		CountDownLatch gate = new CountDownLatch(1);
		List<CompletableFuture<Boolean>> stops = new CopyOnWriteArrayList<>();
		for (int i = 0; i < 8; i++) {
			stops.add(inThread(() -> {
				gate.await();
				server.stop();
				return server.isRunning();
			}));
		}
		gate.countDown();
		for (Future<Boolean> stop : stops) {
			assertThat(stop.get(10, TimeUnit.SECONDS)).isFalse();
		}
		assertThat(this.events).hasExactlyElementsOfTypes(GrpcServerStartedEvent.class, GrpcServerStoppingEvent.class,
				GrpcServerStoppedEvent.class);
	}

	@Test
	void stopFromAnotherThreadWhileAStopIsAnnouncedLeavesBothEventsToTheFirst() {
		AtomicReference<GrpcServer> stopped = new AtomicReference<>();
		GrpcServer server = new GrpcServer(settings(0, null, Duration.ZERO), List.of(new EchoService().bindService()),
				(builder) -> {
				}, this.engine, (event) -> {
					if (event instanceof GrpcServerStoppingEvent) {
						Thread second = new Thread(() -> stopped.get().stop(), "test-stop");
						second.start();
						joinUninterrupted(second);
						assertThat(stopped.get().isRunning()).isFalse();
					}
					this.events.add(event);
				});
		stopped.set(server);
		server.start();
		server.stop();
		assertThat(server.isRunning()).isFalse();
		assertThat(this.events).hasExactlyElementsOfTypes(GrpcServerStartedEvent.class, GrpcServerStoppingEvent.class,
				GrpcServerStoppedEvent.class);
	}

	@Test
	void stopThatMeetsAStartStopsWhatWasStarted() throws Exception {
		CountDownLatch starting = new CountDownLatch(1);
		CountDownLatch goOn = new CountDownLatch(1);
		GrpcServer server = server(settings(0, null, Duration.ZERO), (builder) -> {
			starting.countDown();
			awaitUninterrupted(goOn);
		});
		CompletableFuture<Boolean> start = inThread(() -> {
			server.start();
			return true;
		});
		assertThat(starting.await(5, TimeUnit.SECONDS)).isTrue();
		Thread stopping = new Thread(server::stop, "test-stop");
		stopping.start();
		await().until(() -> stopping.getState() == Thread.State.WAITING);
		goOn.countDown();
		stopping.join(10_000);
		assertThat(start.get(5, TimeUnit.SECONDS)).isTrue();
		assertThat(server.isRunning()).isFalse();
	}

	@Test
	void stopWaitsForTheCallInFlightAndRefusesNewOnes() throws Exception {
		GrpcServer server = server(settings(0, null, Duration.ofSeconds(20)));
		server.start();
		int port = server.getPort();
		try (TestClient client = TestClient.tcp(port)) {
			Future<Message> inFlight = client.stock().reserve(Message.newBuilder().setText("kept").build());
			this.stock.awaitEntered();
			CompletableFuture<Boolean> stop = inThread(() -> {
				server.stop();
				return true;
			});
			await().until(() -> isRefused(port));
			assertThat(stop).isNotDone();
			assertThat(server.isRunning()).isTrue();
			this.stock.release();
			assertThat(inFlight.get(10, TimeUnit.SECONDS).getText()).isEqualTo("kept");
			assertThat(stop.get(10, TimeUnit.SECONDS)).isTrue();
		}
	}

	@Test
	void stopTellsCallsInFlightBeforeItWaitsForThem() throws Exception {
		CountDownLatch entered = new CountDownLatch(1);
		CountDownLatch told = new CountDownLatch(1);
		EchoHandlers handlers = new EchoHandlers().unary((request, responses) -> {
			GrpcCall call = GrpcCall.current();
			call.onDrain(told::countDown);
			entered.countDown();
			awaitUninterrupted(told);
			EchoHandlers.echo(request.toBuilder().setText("draining " + call.isDraining()).build(), responses);
		});
		GrpcServer created = new GrpcServer(settings(0, null, Duration.ofSeconds(10)), List.of(handlers.bindService()),
				(builder) -> {
				}, this.engine, this.events::add);
		this.server = created;
		created.start();
		try (TestClient client = TestClient.tcp(created.getPort())) {
			CompletableFuture<String> answer = inThread(() -> client.echo("wait"));
			awaitUninterrupted(entered);
			created.stop();
			assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("draining true");
		}
	}

	@Test
	void namesOfPeersReachTheLogWithoutControlCharacters(CapturedOutput output) {
		GrpcServer created = new GrpcServer(
				new GrpcServerSettings(-1, null, null, null, "far\naway", null, null, Duration.ZERO, Duration.ZERO),
				List.of(this.engine.prepare(new EchoHandlers().unary((request, responses) -> {
					throw new IllegalStateException("no good");
				}).bindService())), (builder) -> {
				}, this.engine, this.events::add);
		this.server = created;
		created.start();
		try (TestClient client = TestClient.inProcess("far\naway")) {
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> client.echo("hello"));
		}
		await().untilAsserted(() -> assertThat(output).contains("far\\naway failed"));
	}

	@Test
	void stopCancelsTheCallThatOutlivesTheGracePeriod(CapturedOutput output) throws Exception {
		GrpcServer server = server(settings(0, null, Duration.ofMillis(50)));
		server.start();
		try (TestClient client = TestClient.tcp(server.getPort())) {
			Future<Message> inFlight = client.stock().reserve(Message.getDefaultInstance());
			this.stock.awaitEntered();
			server.stop();
			this.stock.awaitInterrupted();
			assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> inFlight.get(10, TimeUnit.SECONDS))
				.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isIn(Status.Code.UNAVAILABLE,
						Status.Code.CANCELLED));
		}
		assertThat(output).contains("gRPC calls still running after the grace period of 50 ms are cancelled");
	}

	@Test
	void stopWithoutGracePeriodCancelsAtOnceAndWithoutWarning(CapturedOutput output) throws Exception {
		GrpcServer server = server(settings(0, null, Duration.ofSeconds(-1)));
		server.start();
		try (TestClient client = TestClient.tcp(server.getPort())) {
			Future<Message> inFlight = client.stock().reserve(Message.getDefaultInstance());
			this.stock.awaitEntered();
			server.stop();
			assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> inFlight.get(10, TimeUnit.SECONDS));
		}
		assertThat(output).doesNotContain("grace period");
	}

	@Test
	void stopWhoseListenerFailsStopsAllTheSame() {
		GrpcServer server = new GrpcServer(settings(0, null, Duration.ZERO), List.of(new EchoService().bindService()),
				(builder) -> {
				}, this.engine, (event) -> {
					this.events.add(event);
					if (event instanceof GrpcServerStoppingEvent) {
						throw new IllegalStateException("listener failed");
					}
				});
		server.start();
		assertThatIllegalStateException().isThrownBy(server::stop).withMessage("listener failed");
		assertThat(server.isRunning()).isFalse();
		assertThat(this.events).last().isInstanceOf(GrpcServerStoppedEvent.class);
	}

	@Test
	void interruptedStopCancelsAndKeepsTheInterrupt() throws Exception {
		GrpcServer server = server(settings(0, null, Duration.ofSeconds(60)));
		server.start();
		try (TestClient client = TestClient.tcp(server.getPort())) {
			Future<Message> inFlight = client.stock().reserve(Message.getDefaultInstance());
			this.stock.awaitEntered();
			CompletableFuture<Boolean> stop = inThread(() -> {
				Thread.currentThread().interrupt();
				server.stop();
				return Thread.currentThread().isInterrupted();
			});
			assertThat(stop.get(10, TimeUnit.SECONDS)).isTrue();
			assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> inFlight.get(10, TimeUnit.SECONDS));
		}
		assertThat(server.isRunning()).isFalse();
	}

	@Test
	void startThatFailsHalfWayReleasesWhatWasOpenAndCanBeRepeated(@TempDir Path directory) throws Exception {
		int port = FreePort.find();
		Path missing = directory.resolve("missing");
		GrpcServer server = server(settings(port, missing.resolve("grpc.sock"), Duration.ofSeconds(10)));
		assertThatExceptionOfType(GrpcServerStartException.class).isThrownBy(server::start);
		assertThat(server.isRunning()).isFalse();
		assertThat(server.getPort()).isEqualTo(-1);
		assertThat(this.events).isEmpty();
		assertThat(liveThreads()).doesNotContain("grpc-server-await");
		new ServerSocket(port).close();
		assertThat(missing.toFile().mkdir()).isTrue();
		server.start();
		try (TestClient client = TestClient.tcp(port)) {
			assertThat(client.echo("hello")).isEqualTo("hello");
		}
	}

	@Test
	void threadThatIsNoDaemonKeepsTheJvmAliveUntilTheStop() {
		GrpcServer server = server(settings(0, null, Duration.ZERO));
		server.start();
		assertThat(Thread.getAllStackTraces().keySet())
			.filteredOn((thread) -> thread.getName().equals("grpc-server-await"))
			.singleElement()
			.satisfies((thread) -> {
				assertThat(thread.isDaemon()).isFalse();
				thread.interrupt();
				await().until(() -> !thread.isInterrupted() && thread.getState() == Thread.State.WAITING);
			});
		server.stop();
		await().untilAsserted(() -> assertThat(liveThreads()).doesNotContain("grpc-server-await"));
	}

	@Test
	void stopWithCallbackReturnsAtOnceAndCallsBackWhenStopped() throws Exception {
		GrpcServer server = server(settings(0, null, Duration.ofSeconds(20)));
		server.start();
		try (TestClient client = TestClient.tcp(server.getPort())) {
			Future<Message> inFlight = client.stock().reserve(Message.getDefaultInstance());
			this.stock.awaitEntered();
			CompletableFuture<Boolean> called = new CompletableFuture<>();
			server.stop(() -> called.complete(server.isRunning()));
			assertThat(called).isNotDone();
			this.stock.release();
			inFlight.get(10, TimeUnit.SECONDS);
			assertThat(called.get(10, TimeUnit.SECONDS)).isFalse();
		}
	}

	private GrpcServer server(GrpcServerSettings settings) {
		return server(settings, (builder) -> {
		});
	}

	private GrpcServer server(GrpcServerSettings settings, Consumer<ServerBuilder<?>> customizer) {
		GrpcServer created = new GrpcServer(settings,
				List.of(new EchoService().bindService(), this.stock.bindService()), customizer, this.engine,
				this.events::add);
		this.server = created;
		return created;
	}

	private static GrpcServerSettings settings(int port, @Nullable Path unixSocket, Duration gracePeriod) {
		return new GrpcServerSettings(port, null, null, unixSocket, null, null, null, gracePeriod, Duration.ZERO);
	}

	private static <T> CompletableFuture<T> inThread(Callable<T> task) {
		CompletableFuture<T> result = new CompletableFuture<>();
		new Thread(() -> {
			try {
				result.complete(task.call());
			}
			catch (Throwable ex) {
				result.completeExceptionally(ex);
			}
		}, "test-thread").start();
		return result;
	}

	private static void joinUninterrupted(Thread thread) {
		try {
			thread.join(10_000);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private static void awaitUninterrupted(CountDownLatch latch) {
		try {
			assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private static boolean isRefused(int port) {
		try (Socket socket = new Socket()) {
			socket.connect(new InetSocketAddress("localhost", port), 1000);
			return false;
		}
		catch (IOException ex) {
			return true;
		}
	}

	private static List<String> liveThreads() {
		return Thread.getAllStackTraces().keySet().stream().map(Thread::getName).toList();
	}

}
