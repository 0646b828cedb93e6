package io.strand.grpc.autoconfigure.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.LiveCall.State;
import io.strand.grpc.server.GrpcServerStoppedEvent;
import io.strand.grpc.server.GrpcServerStoppingEvent;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import jakarta.annotation.PreDestroy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.event.EventListener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * The guarantee on the end of a server, H9, held against plain methods of an application
 * whose context is closed.
 */
@Timeout(90)
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
@DisplayName("The end of a server whose handlers are plain methods")
class PlainShutdownContractTests {

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final Routes routes = new Routes();

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withPropertyValues("strand.server.shutdown-grace-period=40s",
				"spring.lifecycle.timeout-per-shutdown-phase=60s")
		.withBean(Routes.class, () -> this.routes);

	@AfterEach
	void stop() {
		this.threads.shutdownNow();
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	@DisplayName("H9: of 250 calls in flight when the application stops, none is lost")
	void h9NoCallInFlightIsLost(String threading) {
		CountDownLatch entered = new CountDownLatch(250);
		CountDownLatch gate = new CountDownLatch(1);
		Runnable inFlight = () -> {
			entered.countDown();
			within(gate);
			this.routes.checkAlive();
		};
		this.routes.get = (point) -> inFlight.run();
		this.routes.list = (features) -> {
			features.send(feature("first"));
			inFlight.run();
			features.send(feature("last"));
		};
		this.routes.record = (points) -> {
			int sum = Objects.requireNonNull(points.receive()).getLatitude();
			inFlight.run();
			for (Point point : points) {
				sum += point.getLatitude();
			}
			return sum;
		};
		this.routes.chat = (notes) -> {
			notes.send(Objects.requireNonNull(notes.receive()));
			inFlight.run();
			notes.forEach(notes::send);
		};
		run((context, channel) -> {
			List<ListenableFuture<Feature>> features = new ArrayList<>();
			for (int i = 0; i < 100; i++) {
				features.add(RoutesGrpc.newFutureStub(channel).getFeature(point(i)));
			}
			List<BlockingClientCall<?, Feature>> lists = new ArrayList<>();
			List<BlockingClientCall<Point, RouteSummary>> records = new ArrayList<>();
			List<BlockingClientCall<RouteNote, RouteNote>> chats = new ArrayList<>();
			for (int i = 0; i < 50; i++) {
				lists.add(stub(channel).listFeatures(Rectangle.getDefaultInstance()));
				records.add(stub(channel).recordRoute());
				records.get(i).write(point(i));
				chats.add(stub(channel).routeChat());
				chats.get(i).write(note("first " + i));
			}
			within(entered);
			CompletableFuture<Void> stopped = close(context);
			within(this.routes.stopping);
			gate.countDown();
			// The half that comes now is for calls that were there before
			for (int i = 0; i < 50; i++) {
				records.get(i).write(point(1000));
				records.get(i).halfClose();
				chats.get(i).write(note("last " + i));
				chats.get(i).halfClose();
			}
			for (int i = 0; i < 100; i++) {
				assertThat(features.get(i).get(20, TimeUnit.SECONDS)).isEqualTo(feature("feature " + i));
			}
			for (int i = 0; i < 50; i++) {
				assertThat(all(lists.get(i))).containsExactly(feature("first"), feature("last"));
				assertThat(all(records.get(i))).containsExactly(RouteSummary.newBuilder().setPoints(1000 + i).build());
				assertThat(all(chats.get(i))).containsExactly(note("first " + i), note("last " + i));
			}
			stopped.get(30, TimeUnit.SECONDS);
		}, "strand.server.handler.threading=" + threading, "strand.server.handler.platform.max-threads=250");
		assertThat(this.routes.journal).containsExactly("stopping", "stopped", "destroyed");
	}

	@Test
	@DisplayName("H9: a server that stops takes no new calls")
	void h9NoNewCalls() {
		CountDownLatch entered = new CountDownLatch(1);
		CountDownLatch gate = new CountDownLatch(1);
		this.routes.chat = (notes) -> {
			entered.countDown();
			within(gate);
		};
		run((context, channel) -> {
			BlockingClientCall<RouteNote, RouteNote> chat = stub(channel).routeChat();
			within(entered);
			CompletableFuture<Void> stopped = close(context);
			within(this.routes.stopping);
			// One that comes before the news of the stop is served like any other
			await().until(() -> {
				Throwable refused = catchThrowable(() -> stub(channel).getFeature(point(1)));
				if (refused == null) {
					return false;
				}
				assertThat(Status.fromThrowable(refused).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
				return true;
			});
			assertThat(stopped).isNotDone();
			gate.countDown();
			assertThat(chat.read()).isNull();
			stopped.get(30, TimeUnit.SECONDS);
		});
	}

	@Test
	@DisplayName("H9: streams are told, by a callback and by a flag, and end in order")
	void h9StreamsAreTold() {
		CountDownLatch entered = new CountDownLatch(3);
		this.routes.list = (features) -> {
			CountDownLatch draining = new CountDownLatch(1);
			features.onDrain(draining::countDown);
			assertThat(features.isDraining()).isFalse();
			entered.countDown();
			within(draining);
			features.send(feature("draining " + features.isDraining()));
		};
		this.routes.record = (points) -> {
			points.receive();
			CountDownLatch draining = new CountDownLatch(1);
			points.onDrain(draining::countDown);
			entered.countDown();
			within(draining);
			return 1;
		};
		this.routes.chat = (notes) -> {
			// Blocked in a receive: the client has to be told to end it
			notes.onDrain(() -> notes.send(note("going")));
			entered.countDown();
			notes.forEach(notes::send);
		};
		run((context, channel) -> {
			BlockingClientCall<?, Feature> list = stub(channel).listFeatures(Rectangle.getDefaultInstance());
			BlockingClientCall<Point, RouteSummary> record = stub(channel).recordRoute();
			record.write(point(1));
			BlockingClientCall<RouteNote, RouteNote> chat = stub(channel).routeChat();
			within(entered);
			CompletableFuture<Void> stopped = close(context);
			assertThat(all(list)).containsExactly(feature("draining true"));
			assertThat(all(record)).hasSize(1);
			assertThat(chat.read()).isEqualTo(note("going"));
			assertThat(stopped).isNotDone();
			chat.write(note("bye"));
			chat.halfClose();
			assertThat(all(chat)).containsExactly(note("bye"));
			stopped.get(30, TimeUnit.SECONDS);
		});
	}

	@Test
	@DisplayName("H9: a stop waits for methods, not only for their transports")
	void h9MethodsAreWaitedFor() {
		CountDownLatch entered = new CountDownLatch(17);
		CountDownLatch gate = new CountDownLatch(1);
		this.routes.chat = (notes) -> {
			entered.countDown();
			within(gate);
			this.routes.checkAlive();
			this.routes.returned.incrementAndGet();
		};
		run((context, channel) -> {
			List<BlockingClientCall<RouteNote, RouteNote>> calls = new ArrayList<>();
			for (int i = 0; i < 17; i++) {
				calls.add(stub(channel).routeChat());
			}
			within(entered);
			for (BlockingClientCall<RouteNote, RouteNote> call : calls) {
				call.cancel("The client has gone", null);
				assertThat(catchThrowable(call::read)).isNotNull();
			}
			CallEngine engine = context.getBean(CallEngine.class);
			channel.shutdown();
			assertThat(channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
			CompletableFuture<Void> stopped = close(context);
			within(this.routes.stopping);
			// Its transports have gone: a server that waits for nothing else is done now
			assertThatExceptionOfType(TimeoutException.class).isThrownBy(() -> stopped.get(500, TimeUnit.MILLISECONDS));
			assertThat(engine.liveCalls()).hasSize(17);
			gate.countDown();
			stopped.get(30, TimeUnit.SECONDS);
		}, "strand.server.handler.interrupt-on-cancel=false");
		assertThat(this.routes.returned).hasValue(17);
		assertThat(this.routes.journal).containsExactly("stopping", "stopped", "destroyed");
	}

	@Test
	@DisplayName("H9: methods that outlive the grace period are cancelled wherever they block, and waited for")
	void h9MethodsThatOutliveTheGracePeriodAreCancelled(CapturedOutput output) {
		CountDownLatch entered = new CountDownLatch(2);
		List<Throwable> thrown = new CopyOnWriteArrayList<>();
		this.routes.list = (features) -> {
			entered.countDown();
			thrown.add(catchThrowable(() -> TimeUnit.SECONDS.sleep(60)));
			this.routes.checkAlive();
			this.routes.returned.incrementAndGet();
		};
		this.routes.record = (points) -> {
			entered.countDown();
			thrown.add(catchThrowable(points::receive));
			this.routes.checkAlive();
			return this.routes.returned.incrementAndGet();
		};
		this.routes.chat = (notes) -> {
			thrown.add(catchThrowable(() -> {
				while (true) {
					notes.send(note("x".repeat(16 * 1024)));
				}
			}));
			this.routes.checkAlive();
			this.routes.returned.incrementAndGet();
		};
		run((context, channel) -> {
			BlockingClientCall<?, Feature> list = stub(channel).listFeatures(Rectangle.getDefaultInstance());
			BlockingClientCall<Point, RouteSummary> record = stub(channel).recordRoute();
			BlockingClientCall<RouteNote, RouteNote> chat = stub(channel).routeChat();
			within(entered);
			CallEngine engine = context.getBean(CallEngine.class);
			await().until(() -> engine.liveCalls().stream().anyMatch((call) -> call.state() == State.BLOCKED_SENDING));
			close(context).get(30, TimeUnit.SECONDS);
			for (BlockingClientCall<?, ?> call : List.of(list, record)) {
				assertThat(Status.fromThrowable(catchThrowable(() -> all(call))).getCode())
					.isEqualTo(Status.Code.UNAVAILABLE);
			}
			// Its status waits behind messages that it does not take
			assertThat(Status.fromThrowable(catchThrowable(() -> all(chat))).getCode()).isIn(Status.Code.UNAVAILABLE,
					Status.Code.CANCELLED);
		}, "strand.server.shutdown-grace-period=50ms");
		assertThat(thrown).hasSize(3)
			.satisfiesOnlyOnce((ex) -> assertThat(ex).isInstanceOf(InterruptedException.class))
			.filteredOn((ex) -> !(ex instanceof InterruptedException))
			.allSatisfy((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.CANCELLED));
		assertThat(this.routes.returned).hasValue(3);
		assertThat(this.routes.journal).containsExactly("stopping", "stopped", "destroyed");
		assertThat(output).contains("gRPC calls still running after the grace period of 50 ms are cancelled");
	}

	private void run(TestBody body, String... properties) {
		this.runner.withPropertyValues(properties).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				// Else calls would wait for the connection until somebody reads
				await().until(() -> client.channel().getState(true) == ConnectivityState.READY);
				body.run(context, client.channel());
			}
		});
	}

	private CompletableFuture<Void> close(AssertableApplicationContext context) {
		return CompletableFuture.runAsync(context::close, this.threads);
	}

	private static <R> List<R> all(BlockingClientCall<?, R> call) throws Exception {
		List<R> messages = new ArrayList<>();
		for (R message = call.read(); message != null; message = call.read()) {
			messages.add(message);
		}
		return messages;
	}

	private static void within(CountDownLatch latch) {
		try {
			assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException("interrupted", ex);
		}
	}

	private static RoutesGrpc.RoutesBlockingV2Stub stub(ManagedChannel channel) {
		return RoutesGrpc.newBlockingV2Stub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
	}

	private static Point point(int latitude) {
		return Point.newBuilder().setLatitude(latitude).build();
	}

	private static Feature feature(String name) {
		return Feature.newBuilder().setName(name).build();
	}

	private static RouteNote note(String text) {
		return RouteNote.newBuilder().setText(text).build();
	}

	interface TestBody {

		void run(AssertableApplicationContext context, ManagedChannel channel) throws Exception;

	}

	interface Code<S> {

		void run(S stream) throws Throwable;

	}

	interface Summary {

		int of(ClientStream<Point> points) throws Throwable;

	}

	/** A service that knows whether it is still there. */
	@GrpcService(RoutesGrpc.class)
	static class Routes {

		final CountDownLatch stopping = new CountDownLatch(1);

		final List<String> journal = new CopyOnWriteArrayList<>();

		final AtomicInteger returned = new AtomicInteger();

		Code<Point> get = (point) -> {
		};

		Code<ServerStream<Feature>> list = (features) -> {
		};

		Summary record = (points) -> 0;

		Code<BidiStream<RouteNote, RouteNote>> chat = (notes) -> {
		};

		Feature getFeature(Point point, GrpcCall call) throws Throwable {
			this.get.run(point);
			return feature("feature " + point.getLatitude());
		}

		void listFeatures(Rectangle area, ServerStream<Feature> features) throws Throwable {
			this.list.run(features);
		}

		RouteSummary recordRoute(ClientStream<Point> points) throws Throwable {
			return RouteSummary.newBuilder().setPoints(this.record.of(points)).build();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) throws Throwable {
			this.chat.run(notes);
		}

		void checkAlive() {
			assertThat(this.journal).doesNotContain("stopped", "destroyed");
		}

		@EventListener
		void stopping(GrpcServerStoppingEvent event) {
			this.journal.add("stopping");
			this.stopping.countDown();
		}

		@EventListener
		void stopped(GrpcServerStoppedEvent event) {
			this.journal.add("stopped");
		}

		@PreDestroy
		void destroy() {
			this.journal.add("destroyed");
		}

	}

}
