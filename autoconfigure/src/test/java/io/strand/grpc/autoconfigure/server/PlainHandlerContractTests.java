package io.strand.grpc.autoconfigure.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.Receiving;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * The guarantees on handlers, H1 to H8, held against streaming plain methods of an
 * application. H9 is in {@link PlainShutdownContractTests}, H10 in
 * {@link PlainDecodingContractTests}, H11 in {@link PlainServiceTransactionTests}.
 */
@Timeout(60)
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
@DisplayName("Handlers that are plain methods")
class PlainHandlerContractTests {

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final Routes routes = new Routes();

	private final Watch watch = new Watch();

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(Routes.class, () -> this.routes)
		.withBean(Watch.class, () -> this.watch);

	@AfterEach
	void stop() {
		this.threads.shutdownNow();
	}

	@Test
	@DisplayName("H1: a method runs on the thread of its interceptors and sees what they set, of its own call only")
	void h1OneThreadFromInterceptorToMethod() {
		this.routes.chat = (stream) -> {
			RouteNote first = Objects.requireNonNull(stream.receive());
			assertThat(Thread.currentThread()).isSameAs(Watch.STARTED_BY.get());
			stream.send(note(first.getText() + " " + (Watch.CALL.get() == GrpcCall.current().id())));
		};
		run((channel) -> {
			List<BlockingClientCall<RouteNote, RouteNote>> calls = new ArrayList<>();
			for (int i = 0; i < 20; i++) {
				calls.add(stub(channel).routeChat());
			}
			for (int i = 0; i < calls.size(); i++) {
				calls.get(i).write(note("" + i));
				assertThat(calls.get(i).read()).isEqualTo(note(i + " true"));
				assertThat(calls.get(i).read()).isNull();
			}
		});
	}

	@Test
	@DisplayName("H1: what an interceptor set is there after callbacks that came inside of receive")
	void h1CallbacksInsideOfReceiveLeaveItThere() {
		int count = 100;
		this.routes.chat = (stream) -> {
			for (int i = 0; i < count; i++) {
				stream.send(note("x".repeat(64 * 1024)));
			}
			assertThat(Thread.currentThread()).isSameAs(Watch.STARTED_BY.get());
			int readies = this.watch.readies.get();
			assertThat(stream.receive()).isEqualTo(note("last"));
			// That its sender could go on came meanwhile, and the message of course
			assertThat(this.watch.readies).hasValueGreaterThan(readies);
			assertThat(this.watch.messages).hasValue(1);
			assertThat(Thread.currentThread()).isSameAs(Watch.STARTED_BY.get());
			assertThat(Watch.CALL.get()).isEqualTo(GrpcCall.current().id());
		};
		run((channel) -> {
			BlockingClientCall<RouteNote, RouteNote> call = stub(channel).routeChat();
			call.write(note("last"));
			for (int i = 0; i < count; i++) {
				assertThat(call.read()).isNotNull();
			}
			assertThat(call.read()).isNull();
		});
	}

	@Test
	@DisplayName("H2: methods that block delay no other call")
	void h2BlockedMethodsDelayNobody() {
		int count = 50;
		CountDownLatch entered = new CountDownLatch(count);
		CountDownLatch gate = new CountDownLatch(1);
		this.routes.chat = (stream) -> {
			entered.countDown();
			assertThat(gate.await(30, TimeUnit.SECONDS)).isTrue();
		};
		run((channel) -> {
			List<BlockingClientCall<RouteNote, RouteNote>> calls = new ArrayList<>();
			for (int i = 0; i < count; i++) {
				calls.add(stub(channel).routeChat());
			}
			assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
			assertThat(stub(channel).getFeature(Point.getDefaultInstance())).isNotNull();
			gate.countDown();
			for (BlockingClientCall<RouteNote, RouteNote> call : calls) {
				assertThat(call.read()).isNull();
			}
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	@DisplayName("H3: a deadline interrupts the method, and no method after it")
	void h3DeadlineInterruptsTheMethod(String threading) {
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
		this.routes.chat = (stream) -> {
			if (!thrown.isDone()) {
				Throwable ex = catchThrowable(() -> TimeUnit.SECONDS.sleep(30));
				// As well-behaved code does that does not rethrow it
				Thread.currentThread().interrupt();
				thrown.complete(ex);
			}
			else {
				interrupted.complete(Thread.currentThread().isInterrupted());
			}
		};
		run((channel) -> {
			assertThat(stub(channel).getFeature(Point.getDefaultInstance())).as("connected").isNotNull();
			BlockingClientCall<RouteNote, RouteNote> late = stub(channel).withDeadlineAfter(2, TimeUnit.SECONDS)
				.routeChat();
			assertThat(thrown.get(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
			assertThat(Status.fromThrowable(catchThrowable(late::read)).getCode())
				.isEqualTo(Status.Code.DEADLINE_EXCEEDED);
			assertThat(stub(channel).routeChat().read()).isNull();
			assertThat(interrupted.get(10, TimeUnit.SECONDS)).isFalse();
		}, "strand.server.handler.threading=" + threading, "strand.server.handler.platform.max-threads=1");
	}

	@Test
	@DisplayName("H4: an error in a method ends its own call only, is logged once, and its text stays here")
	void h4ErrorEndsItsOwnCallOnly(CapturedOutput output) {
		this.routes.chat = (stream) -> {
			for (RouteNote note : stream) {
				if (note.getText().equals("fail")) {
					throw new StackOverflowError("a secret");
				}
				stream.send(note);
			}
		};
		run((channel) -> {
			BlockingClientCall<RouteNote, RouteNote> other = stub(channel).routeChat();
			other.write(note("1"));
			assertThat(other.read()).isEqualTo(note("1"));
			BlockingClientCall<RouteNote, RouteNote> failing = stub(channel).routeChat();
			failing.write(note("fail"));
			assertThatExceptionOfType(StatusException.class).isThrownBy(failing::read).satisfies((ex) -> {
				assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNKNOWN);
				assertThat(ex.getStatus().getDescription()).doesNotContain("secret");
			});
			other.write(note("2"));
			assertThat(other.read()).isEqualTo(note("2"));
			other.halfClose();
			assertThat(other.read()).isNull();
		});
		assertThat(output.getOut().split("StackOverflowError: a secret", -1)).hasSize(2);
	}

	@Test
	@DisplayName("H5: interceptors are called back one at a time, also while threads of the method receive")
	void h5CallbacksComeOneAtATime() {
		int count = 500;
		AtomicInteger received = new AtomicInteger();
		this.routes.chat = (stream) -> {
			List<Receiving> receivings = new ArrayList<>();
			for (int i = 0; i < 4; i++) {
				receivings.add(stream.receiveEach((note) -> received.incrementAndGet()));
			}
			for (Receiving receiving : receivings) {
				receiving.join();
			}
		};
		run((channel) -> {
			BlockingClientCall<RouteNote, RouteNote> call = stub(channel).routeChat();
			for (int i = 0; i < count; i++) {
				call.write(note("" + i));
			}
			call.halfClose();
			assertThat(call.read()).isNull();
			assertThat(received).hasValue(count);
			assertThat(this.watch.messages).hasValue(count);
			assertThat(this.watch.overlaps).hasValue(0);
		});
	}

	@Test
	@DisplayName("H6: threads that a method has started answer for it")
	void h6OtherThreadsAnswer() {
		int count = 100;
		this.routes.list = (features) -> {
			CountDownLatch sent = new CountDownLatch(count);
			for (int i = 0; i < count; i++) {
				this.threads.execute(() -> {
					features.send(Feature.getDefaultInstance());
					sent.countDown();
				});
			}
			assertThat(sent.await(10, TimeUnit.SECONDS)).isTrue();
		};
		run((channel) -> {
			BlockingClientCall<?, Feature> call = stub(channel).listFeatures(Rectangle.getDefaultInstance());
			for (int i = 0; i < count; i++) {
				assertThat(call.read()).isNotNull();
			}
			assertThat(call.read()).isNull();
		});
	}

	@Test
	@DisplayName("H7: a method that does not block may run on the event loop")
	void h7MethodMayRunOnTheEventLoop() {
		CompletableFuture<String> thread = new CompletableFuture<>();
		this.routes.list = (features) -> {
			thread.complete(Thread.currentThread().getName());
			features.send(Feature.getDefaultInstance());
		};
		run((channel) -> {
			BlockingClientCall<?, Feature> call = stub(channel).listFeatures(Rectangle.getDefaultInstance());
			assertThat(call.read()).isNotNull();
			assertThat(call.read()).isNull();
			assertThat(thread.get(10, TimeUnit.SECONDS)).startsWith("grpc-default-worker");
		}, "strand.server.methods[strand.testing.Routes/ListFeatures].threading=event-loop");
	}

	@Test
	@DisplayName("H8: a limit counts methods that run, also when their clients have gone")
	void h8LimitCountsRunningMethods() {
		CountDownLatch entered = new CountDownLatch(1);
		CountDownLatch gate = new CountDownLatch(1);
		CountDownLatch left = new CountDownLatch(1);
		this.routes.chat = (stream) -> {
			entered.countDown();
			awaitUninterruptibly(gate);
			left.countDown();
		};
		run((channel) -> {
			BlockingClientCall<RouteNote, RouteNote> first = stub(channel).routeChat();
			assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
			first.cancel("The client has gone", null);
			BlockingClientCall<RouteNote, RouteNote> second = stub(channel).routeChat();
			assertThat(Status.fromThrowable(catchThrowable(second::read)).getCode())
				.isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
			assertThat(stub(channel).getFeature(Point.getDefaultInstance())).isNotNull();
			gate.countDown();
			assertThat(left.await(10, TimeUnit.SECONDS)).isTrue();
		}, "strand.server.methods[strand.testing.Routes/RouteChat].max-concurrent-calls=1",
				"strand.server.handler.interrupt-on-cancel=false");
	}

	private static void awaitUninterruptibly(CountDownLatch gate) throws InterruptedException {
		assertThat(gate.await(30, TimeUnit.SECONDS)).isTrue();
	}

	private void run(TestBody body, String... properties) {
		this.runner.withPropertyValues(properties).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				body.run(client.channel());
			}
		});
	}

	private static RoutesGrpc.RoutesBlockingV2Stub stub(ManagedChannel channel) {
		return RoutesGrpc.newBlockingV2Stub(channel).withDeadlineAfter(40, TimeUnit.SECONDS);
	}

	private static RouteNote note(String text) {
		return RouteNote.newBuilder().setText(text).build();
	}

	interface TestBody {

		void run(ManagedChannel channel) throws Exception;

	}

	interface Code<S> {

		void run(S stream) throws Throwable;

	}

	/**
	 * Sets what belongs to the thread, and sees whether callbacks overlap. Puts back what
	 * it found, since a callback may come inside of another, in which the method runs.
	 */
	@GrpcGlobalServerInterceptor
	static class Watch implements ServerInterceptor {

		static final ThreadLocal<@Nullable Thread> STARTED_BY = new ThreadLocal<>();

		static final ThreadLocal<@Nullable Long> CALL = new ThreadLocal<>();

		final AtomicInteger readies = new AtomicInteger();

		final AtomicInteger messages = new AtomicInteger();

		final AtomicInteger overlaps = new AtomicInteger();

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			Thread thread = Thread.currentThread();
			long id = GrpcCall.current().id();
			AtomicInteger inside = new AtomicInteger();
			return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

				@Override
				public void onReady() {
					Watch.this.readies.incrementAndGet();
					within(super::onReady);
				}

				@Override
				public void onMessage(Q message) {
					Watch.this.overlaps.addAndGet((inside.incrementAndGet() != 1) ? 1 : 0);
					Thread.yield(); // one that comes meanwhile comes here too
					within(() -> super.onMessage(message));
					Watch.this.messages.incrementAndGet();
					inside.decrementAndGet();
				}

				private void within(Runnable callback) {
					Thread startedBefore = STARTED_BY.get();
					Long callBefore = CALL.get();
					STARTED_BY.set(thread);
					CALL.set(id);
					try {
						callback.run();
					}
					finally {
						STARTED_BY.set(startedBefore);
						CALL.set(callBefore);
					}
				}

			};
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class Routes {

		Code<BidiStream<RouteNote, RouteNote>> chat = (stream) -> {
		};

		Code<ServerStream<Feature>> list = (features) -> {
		};

		Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

		void listFeatures(Rectangle area, ServerStream<Feature> features) throws Throwable {
			this.list.run(features);
		}

		RouteSummary recordRoute(ClientStream<Point> points) {
			return RouteSummary.getDefaultInstance();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) throws Throwable {
			this.chat.run(notes);
		}

	}

}
