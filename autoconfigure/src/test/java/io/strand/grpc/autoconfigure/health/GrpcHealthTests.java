package io.strand.grpc.autoconfigure.health;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.ServerCall;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.autoconfigure.properties.StrandPropertiesAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.health.ServerHealth;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerStoppingEvent;
import io.strand.grpc.testing.AlwaysReady;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.RawConnection;
import io.strand.grpc.testing.RawConnection.Frame;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * Tests for the health service that a server has without being asked for it.
 */
@Timeout(90)
@ExtendWith(LeakCheckExtension.class)
class GrpcHealthTests {

	private static final String ECHO = "strand.testing.Echo";

	private static final String WATCH = HealthGrpc.getWatchMethod().getFullMethodName();

	private static final int INITIAL_WINDOW_SIZE = 4;

	/** A status on the wire, with what gRPC puts before it. */
	private static final int STATUS_BYTES = 7;

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final CountDownLatch release = new CountDownLatch(1);

	private final EchoHandlers handlers = new EchoHandlers();

	private final ApplicationContextRunner runner = HealthContext.runner()
		.withBean(EchoHandlers.class, () -> this.handlers);

	@AfterEach
	void stop() {
		this.release.countDown();
		this.threads.shutdownNow();
	}

	@Test
	void theServerAndEachOfItsServicesAreServing() {
		this.runner.run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
				assertThat(HealthContext.check(client, ECHO)).isEqualTo(ServingStatus.SERVING);
				assertThat(HealthContext.check(client, HealthGrpc.SERVICE_NAME)).isEqualTo(ServingStatus.SERVING);
				assertThat(HealthContext.check(client, "liveness")).isEqualTo(ServingStatus.SERVING);
				assertThat(HealthContext.check(client, "readiness")).isEqualTo(ServingStatus.SERVING);
				assertThat(HealthContext.failure(client, "shop.Unknown")).isEqualTo(Status.Code.NOT_FOUND);
			}
			assertThat(context.getBean(GrpcServer.class).getServices()).containsExactly(ECHO, HealthGrpc.SERVICE_NAME);
		});
	}

	@Test
	void whenApplicationHasNoServiceThenHealthMakesItNoServer() {
		HealthContext.runner()
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(GrpcServer.class)
				.doesNotHaveBean(ServerHealth.class)
				.doesNotHaveBean(HealthStatusManager.class));
	}

	@Test
	void whenDisabledThenIsNotServed() {
		this.runner.withPropertyValues("strand.server.health.enabled=false").run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				assertThat(HealthContext.failure(client, "")).isEqualTo(Status.Code.UNIMPLEMENTED);
			}
		});
	}

	@Test
	void whenGrpcServicesIsMissingThenServesWithoutHealth() {
		this.runner.withClassLoader(new FilteredClassLoader("io.grpc.protobuf.services", "io.grpc.health"))
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					assertThat(client.echo("hello")).isEqualTo("hello");
					assertThat(HealthContext.failure(client, "")).isEqualTo(Status.Code.UNIMPLEMENTED);
				}
			});
	}

	@Test
	void whenApplicationHasItsOwnHealthServiceThenItWins() {
		this.runner.withBean(OwnHealth.class).run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				assertThat(HealthContext.check(client, "whatever")).isEqualTo(ServingStatus.UNKNOWN);
				BlockingClientCall<?, HealthCheckResponse> watch = HealthContext.watch(client.channel(), "whatever");
				assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.UNKNOWN);
				// Its streams hold up nothing either
				close(context).get(10, TimeUnit.SECONDS);
				assertThat(HealthContext.next(watch)).isNull();
			}
		});
	}

	@Test
	void whenApplicationHasItsOwnHealthServiceThenItWaitsForNoWatcher() {
		OwnHealth health = new OwnHealth();
		this.runner.withBean(OwnHealth.class, () -> health).withBean(EachCallIsReady.class).run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				BlockingClientCall<?, HealthCheckResponse> watch = HealthContext.watch(client.channel(), "");
				assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.UNKNOWN);
				Future<?> told = this.threads.submit(() -> {
					// More than the windows and the queue take, with nobody to read it
					for (int i = 0; i < 300_000; i++) {
						health.watcher.onNext(HealthCheckResponse.getDefaultInstance());
					}
				});
				told.get(60, TimeUnit.SECONDS);
				watch.cancel("The test has seen enough", null);
			}
		});
	}

	@Test
	void whenApplicationHasItsOwnManagerThenItIsServed() {
		HealthStatusManager manager = new HealthStatusManager();
		this.runner.withBean(HealthStatusManager.class, () -> manager).run((context) -> {
			manager.setStatus("printer", ServingStatus.NOT_SERVING);
			try (TestClient client = HealthContext.client(context)) {
				assertThat(HealthContext.check(client, "printer")).isEqualTo(ServingStatus.NOT_SERVING);
				assertThat(HealthContext.check(client, ECHO)).isEqualTo(ServingStatus.SERVING);
			}
		});
	}

	@Test
	void aWatcherIsToldOfChanges() {
		this.runner.run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				BlockingClientCall<?, HealthCheckResponse> echo = HealthContext.watch(client.channel(), ECHO);
				BlockingClientCall<?, HealthCheckResponse> overall = HealthContext.watch(client.channel(), "");
				BlockingClientCall<?, HealthCheckResponse> unknown = HealthContext.watch(client.channel(), "unknown");
				assertThat(HealthContext.next(unknown)).isEqualTo(ServingStatus.SERVICE_UNKNOWN);
				for (BlockingClientCall<?, HealthCheckResponse> watch : List.of(echo, overall)) {
					assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.SERVING);
				}
				AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
				for (BlockingClientCall<?, HealthCheckResponse> watch : List.of(echo, overall)) {
					assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.NOT_SERVING);
				}
				assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.NOT_SERVING);
				assertThat(HealthContext.check(client, "readiness")).isEqualTo(ServingStatus.NOT_SERVING);
				assertThat(HealthContext.check(client, "liveness")).isEqualTo(ServingStatus.SERVING);
				AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
				for (BlockingClientCall<?, HealthCheckResponse> watch : List.of(echo, overall)) {
					assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.SERVING);
				}
			}
		});
	}

	@Test
	void whatIsBrokenIsNotAlive() {
		this.runner.run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				AvailabilityChangeEvent.publish(context, LivenessState.BROKEN);
				assertThat(HealthContext.check(client, "liveness")).isEqualTo(ServingStatus.NOT_SERVING);
				assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
			}
		});
	}

	@Test
	void anApplicationIsNotServingUntilItIsReady() throws Exception {
		SpringApplication application = new SpringApplication(StartingApplication.class);
		try (ConfigurableApplicationContext context = application.run("--strand.server.port=0");
				TestClient client = HealthContext.client(context)) {
			assertThat(context.getBean(StartingApplication.class).whileStarting).isEqualTo(ServingStatus.NOT_SERVING);
			assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
			assertThat(HealthContext.check(client, ECHO)).isEqualTo(ServingStatus.SERVING);
		}
	}

	@Test
	@DisplayName("H9: from the beginning of a stop on, Check and Watch say NOT_SERVING, while calls are still taken")
	void h9NotServingFromTheBeginningOfAStop() {
		this.runner
			.withPropertyValues("strand.server.shutdown-drain-delay=5s", "strand.server.shutdown-grace-period=40s")
			.withBean(StopListener.class)
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					BlockingClientCall<?, HealthCheckResponse> overall = HealthContext.watch(client.channel(), "");
					BlockingClientCall<?, HealthCheckResponse> echo = HealthContext.watch(client.channel(), ECHO);
					assertThat(HealthContext.next(overall)).isEqualTo(ServingStatus.SERVING);
					assertThat(HealthContext.next(echo)).isEqualTo(ServingStatus.SERVING);
					CompletableFuture<Void> closed = close(context);
					within(context.getBean(StopListener.class).stopping);
					assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.NOT_SERVING);
					assertThat(HealthContext.check(client, ECHO)).isEqualTo(ServingStatus.NOT_SERVING);
					assertThat(HealthContext.check(client, "readiness")).isEqualTo(ServingStatus.NOT_SERVING);
					// Or those who run containers would kill what is about to end in
					// order
					assertThat(HealthContext.check(client, "liveness")).isEqualTo(ServingStatus.SERVING);
					assertThat(HealthContext.next(overall)).isEqualTo(ServingStatus.NOT_SERVING);
					assertThat(HealthContext.next(echo)).isEqualTo(ServingStatus.NOT_SERVING);
					assertThat(client.echo("late")).isEqualTo("late");
					assertThat(closed).isNotDone();
					// Ended, and so in nobody's way
					assertThat(HealthContext.next(overall)).isNull();
					assertThat(HealthContext.next(echo)).isNull();
					closed.get(30, TimeUnit.SECONDS);
				}
			});
	}

	@Test
	@DisplayName("H9: the news comes before anything else: the server still listens, and streams go on")
	void h9TheNewsComesBeforeAnythingElse() {
		CountDownLatch drained = new CountDownLatch(1);
		this.handlers.bidi((responses) -> {
			GrpcCall.current().onDrain(drained::countDown);
			return EchoHandlers.echoAll(responses);
		});
		this.runner
			.withPropertyValues("strand.server.shutdown-drain-delay=10m",
					"spring.lifecycle.timeout-per-shutdown-phase=11m")
			.run((context) -> {
				int port = context.getBean(GrpcServer.class).getPort();
				try (TestClient client = TestClient.tcp(port)) {
					BlockingClientCall<?, HealthCheckResponse> watch = HealthContext.watch(client.channel(), "");
					assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.SERVING);
					BlockingClientCall<Message, Message> chat = EchoGrpc.newBlockingV2Stub(client.channel()).bidi();
					chat.write(Message.getDefaultInstance());
					assertThat(chat.read()).isNotNull();
					CompletableFuture<Void> closed = close(context);
					assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.NOT_SERVING);
					try (TestClient late = TestClient.tcp(port)) {
						assertThat(late.echo("late")).isEqualTo("late");
						assertThat(HealthContext.check(late, ECHO)).isEqualTo(ServingStatus.NOT_SERVING);
					}
					chat.write(Message.getDefaultInstance());
					assertThat(chat.read()).isNotNull();
					assertThat(drained.getCount()).isOne();
					assertThat(closed).isNotDone();
					await().until(GrpcHealthTests::interruptStop);
					within(drained);
					closed.get(20, TimeUnit.SECONDS);
				}
				finally {
					interruptStop();
				}
			});
	}

	/** Cuts it short, and so the drain delay. */
	private static boolean interruptStop() {
		List<Thread> stopping = Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().equals("grpc-server-stop"))
			.toList();
		stopping.forEach(Thread::interrupt);
		return !stopping.isEmpty();
	}

	@Test
	@DisplayName("H9: listeners of the application that take their time do not delay the news")
	void h9SlowListenersDoNotDelayTheNews() {
		this.runner.withBean(SlowListener.class, () -> new SlowListener(this.release)).run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				BlockingClientCall<?, HealthCheckResponse> watch = HealthContext.watch(client.channel(), "");
				assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.SERVING);
				CompletableFuture<Void> closed = close(context);
				// While the listener blocks, before anything is stopped
				assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.NOT_SERVING);
				assertThat(HealthContext.check(client, ECHO)).isEqualTo(ServingStatus.NOT_SERVING);
				assertThat(closed).isNotDone();
				this.release.countDown();
				closed.get(20, TimeUnit.SECONDS);
			}
		});
	}

	@Test
	@DisplayName("H9: watchers of health hold nothing up")
	void h9WatchersHoldNothingUp() {
		this.runner
			.withPropertyValues("strand.server.shutdown-grace-period=60s",
					"spring.lifecycle.timeout-per-shutdown-phase=60s")
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					List<BlockingClientCall<?, HealthCheckResponse>> watches = new ArrayList<>();
					for (int i = 0; i < 50; i++) {
						watches.add(HealthContext.watch(client.channel(), (i % 2 == 0) ? "" : ECHO));
						assertThat(HealthContext.next(watches.get(i))).isEqualTo(ServingStatus.SERVING);
					}
					close(context).get(10, TimeUnit.SECONDS);
					for (BlockingClientCall<?, HealthCheckResponse> watch : watches) {
						assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.NOT_SERVING);
						assertThat(HealthContext.next(watch)).isNull();
					}
				}
			});
	}

	@Test
	@DisplayName("H9: a watcher that does not read holds up no stop, and one that reads is told")
	void h9AWatcherThatDoesNotReadHoldsUpNoStop() {
		this.runner.withPropertyValues("strand.server.shutdown-grace-period=10m").run((context) -> {
			GrpcServer server = context.getBean(GrpcServer.class);
			try (RawConnection deaf = RawConnection.open(server.getPort(), INITIAL_WINDOW_SIZE, 0);
					TestClient client = HealthContext.client(context)) {
				deaf.call(WATCH);
				await().until(() -> sent(context) == 1);
				BlockingClientCall<?, HealthCheckResponse> watch = HealthContext.watch(client.channel(), "");
				assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.SERVING);
				stop(server).get(30, TimeUnit.SECONDS);
				assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.NOT_SERVING);
				assertThat(HealthContext.next(watch)).isNull();
			}
			finally {
				interruptStop();
			}
		});
	}

	@Test
	@DisplayName("H9: a watcher inside the process that does not read holds up no stop")
	void h9AWatcherInsideTheProcessThatDoesNotReadHoldsUpNoStop() {
		this.runner
			.withPropertyValues("strand.server.in-process.name=deaf-watcher", "strand.server.shutdown-grace-period=10m")
			.run((context) -> {
				try (TestClient client = TestClient.inProcess("deaf-watcher")) {
					HealthContext.watch(client.channel(), "");
					await().until(() -> context.getBean(CallEngine.class).liveCalls().size() == 1);
					stop(context.getBean(GrpcServer.class)).get(30, TimeUnit.SECONDS);
				}
				finally {
					interruptStop();
				}
			});
	}

	@Test
	@DisplayName("H9: an answer is waited for although a watcher on its connection does not read")
	void h9AWatcherThatDoesNotReadHidesNoAnswer() {
		CountDownLatch answered = new CountDownLatch(1);
		this.handlers.unary((request, responses) -> {
			EchoHandlers.echo(request, responses);
			answered.countDown();
		});
		this.runner.withPropertyValues("strand.server.shutdown-grace-period=10m").run((context) -> {
			GrpcServer server = context.getBean(GrpcServer.class);
			try (RawConnection client = RawConnection.open(server.getPort(), INITIAL_WINDOW_SIZE, 0)) {
				client.call(WATCH);
				int unread = client.call(ECHO + "/Unary");
				within(answered);
				CompletableFuture<Void> stopped = stop(server);
				// Longer than a connection on which nothing more is to come lives
				await().during(Duration.ofSeconds(1)).until(() -> server.getConnectionCount() == 1);
				client.write(RawConnection.WINDOW_UPDATE, 0, unread, RawConnection.intPayload(1000));
				assertThat(client.read(RawConnection.DATA).stream()).isEqualTo(unread);
				client.awaitClosed();
				stopped.get(30, TimeUnit.SECONDS);
			}
			finally {
				interruptStop();
			}
		});
	}

	@Test
	void aWatcherThatReadsAgainIsToldTheLatestOnly() {
		this.runner.run((context) -> {
			GrpcServer server = context.getBean(GrpcServer.class);
			try (RawConnection client = RawConnection.open(server.getPort(), INITIAL_WINDOW_SIZE, 0)) {
				int stream = client.call(WATCH);
				await().until(() -> sent(context) == 1);
				for (int i = 0; i < 1000; i++) {
					context.getBean(ServerHealth.class).ready(i % 2 != 0);
				}
				client.write(RawConnection.WINDOW_UPDATE, 0, stream, RawConnection.intPayload(1 << 20));
				int received = 0;
				while (received < 2 * STATUS_BYTES) {
					received += client.read(RawConnection.DATA).payload().length;
				}
				CompletableFuture<Void> stopped = stop(server);
				for (Frame frame : client.readAll()) {
					received += (frame.type() == RawConnection.DATA) ? frame.payload().length : 0;
				}
				// The first, the latest, and that the server stops
				assertThat(received).isEqualTo(3 * STATUS_BYTES);
				client.close();
				stopped.get(30, TimeUnit.SECONDS);
			}
		});
	}

	private static long sent(AssertableApplicationContext context) {
		return context.getBean(CallEngine.class).liveCalls().stream().mapToLong(LiveCall::sent).sum();
	}

	private static CompletableFuture<Void> stop(GrpcServer server) {
		CompletableFuture<Void> stopped = new CompletableFuture<>();
		server.stop(() -> stopped.complete(null));
		return stopped;
	}

	@Test
	void aWatcherThatDoesNotReadHoldsUpNobody() {
		this.runner.run((context) -> {
			ManagedChannel deaf = NettyChannelBuilder
				.forAddress("localhost", context.getBean(GrpcServer.class).getPort())
				.usePlaintext()
				.flowControlWindow(64 * 1024)
				.build();
			try (TestClient client = HealthContext.client(context)) {
				// Else the call would wait for the connection until somebody reads
				await().until(() -> deaf.getState(true) == ConnectivityState.READY);
				BlockingClientCall<?, HealthCheckResponse> unread = HealthContext.watch(deaf, ECHO);
				await().until(() -> context.getBean(CallEngine.class).liveCalls().size() == 1);
				BlockingClientCall<?, HealthCheckResponse> watch = HealthContext.watch(client.channel(), "");
				assertThat(HealthContext.next(watch)).isEqualTo(ServingStatus.SERVING);
				ServerHealth health = context.getBean(ServerHealth.class);
				// More than the window of a stream and its buffer take
				CompletableFuture<Void> flapping = CompletableFuture.runAsync(() -> {
					for (int i = 0; i < 50_000; i++) {
						health.ready(i % 2 == 0);
					}
				}, this.threads);
				flapping.get(60, TimeUnit.SECONDS);
				assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.NOT_SERVING);
				health.ready(true);
				assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
				assertThat(HealthContext.next(unread)).isNotNull();
				close(context).get(20, TimeUnit.SECONDS);
			}
			finally {
				deaf.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
			}
		});
	}

	@Test
	void aServerThatIsStartedAgainIsServingAgain() {
		this.runner.run((context) -> {
			context.getSourceApplicationContext().stop();
			context.getSourceApplicationContext().start();
			try (TestClient client = HealthContext.client(context)) {
				assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
				assertThat(HealthContext.check(client, ECHO)).isEqualTo(ServingStatus.SERVING);
			}
		});
	}

	@Test
	void atTheLimitOfTheServerHealthIsStillServed() {
		CountDownLatch entered = new CountDownLatch(1);
		this.handlers.unary((request, responses) -> {
			entered.countDown();
			catchThrowable(this.release::await);
			EchoHandlers.echo(request, responses);
		});
		this.runner.withPropertyValues("strand.server.limits.max-concurrent-calls=1").run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				ListenableFuture<Message> running = echo(client);
				within(entered);
				assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> client.echo("one too many"))
					.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
				assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
				assertThat(HealthContext.next(HealthContext.watch(client.channel(), ECHO)))
					.isEqualTo(ServingStatus.SERVING);
				this.release.countDown();
				assertThat(running.get(10, TimeUnit.SECONDS)).isNotNull();
			}
		});
	}

	@Test
	void whenAllThreadsAreTakenHealthIsStillServed() {
		CountDownLatch entered = new CountDownLatch(1);
		this.handlers.unary((request, responses) -> {
			entered.countDown();
			catchThrowable(this.release::await);
			EchoHandlers.echo(request, responses);
		});
		this.runner
			.withPropertyValues("strand.server.handler.threading=platform",
					"strand.server.handler.platform.max-threads=1")
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					ListenableFuture<Message> running = echo(client);
					within(entered);
					assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
					this.release.countDown();
					assertThat(running.get(10, TimeUnit.SECONDS)).isNotNull();
				}
			});
	}

	@Test
	void propertiesOfServicesAreHealthsToo() {
		this.runner.withPropertyValues("strand.server.services[grpc.health.v1.Health].threading=platform")
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
				}
			});
	}

	private static ListenableFuture<Message> echo(TestClient client) {
		return EchoGrpc.newFutureStub(client.channel()).unary(Message.getDefaultInstance());
	}

	private CompletableFuture<Void> close(AssertableApplicationContext context) {
		return CompletableFuture.runAsync(context::close, this.threads);
	}

	private static void within(CountDownLatch latch) throws InterruptedException {
		assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
	}

	@GrpcGlobalServerInterceptor
	static class EachCallIsReady extends AlwaysReady {

	}

	static class OwnHealth extends HealthGrpc.HealthImplBase {

		private volatile StreamObserver<HealthCheckResponse> watcher;

		@Override
		public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> responses) {
			watch(request, responses);
			responses.onCompleted();
		}

		@Override
		public void watch(HealthCheckRequest request, StreamObserver<HealthCheckResponse> responses) {
			this.watcher = responses;
			responses.onNext(HealthCheckResponse.newBuilder().setStatus(ServingStatus.UNKNOWN).build());
		}

	}

	static class StopListener {

		final CountDownLatch stopping = new CountDownLatch(1);

		@EventListener(GrpcServerStoppingEvent.class)
		void stopping() {
			this.stopping.countDown();
		}

	}

	static class SlowListener {

		private final CountDownLatch release;

		SlowListener(CountDownLatch release) {
			this.release = release;
		}

		@EventListener(ContextClosedEvent.class)
		@Order(Ordered.HIGHEST_PRECEDENCE + 1)
		void closed() throws InterruptedException {
			this.release.await(Duration.ofSeconds(60).toMillis(), TimeUnit.MILLISECONDS);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ GrpcServerAutoConfiguration.class, GrpcHealthAutoConfiguration.class,
			StrandPropertiesAutoConfiguration.class })
	static class StartingApplication {

		volatile ServingStatus whileStarting = ServingStatus.UNRECOGNIZED;

		@Bean
		EchoService echo() {
			return new EchoService();
		}

		@Bean
		ApplicationRunner asksWhileItStarts(ConfigurableApplicationContext context) {
			return (arguments) -> {
				try (TestClient client = HealthContext.client(context)) {
					this.whileStarting = HealthContext.check(client, "");
				}
			};
		}

	}

}
