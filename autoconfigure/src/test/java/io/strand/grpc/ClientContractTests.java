package io.strand.grpc;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ServerBuilder;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.CounterGrpc.CounterBlockingStub;
import io.strand.grpc.testing.CounterGrpc.CounterFutureStub;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingV2Stub;
import io.strand.grpc.testing.EchoGrpc.EchoFutureStub;
import io.strand.grpc.testing.EchoGrpc.EchoStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.StockGrpc;
import io.strand.grpc.testing.StockGrpc.StockFutureStub;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What the concurrency contract promises clients.
 */
@ExtendWith(LeakCheckExtension.class)
class ClientContractTests {

	private static final Duration LONG = Duration.ofSeconds(60);

	private static final int CALLS_AT_ONCE = 100;

	@ParameterizedTest
	@EnumSource
	@DisplayName("C1: all stubs of a channel's name use one connection, whichever service they are for")
	void allStubsOfANameUseOneConnection(Transport transport) {
		run(transport, (server, context) -> {
			Stubs stubs = context.getBean(Stubs.class);
			ConcurrentRun.of(16, (index) -> stubs.callAll(message(index))).join(LONG);
			assertThat(server.connections()).isEqualTo(1);
			assertThat(server.calls()).hasSize(16 * 6);
		});
	}

	@Test
	@DisplayName("C1: where each stub has a channel, as in other starters, each has a connection")
	void whereEachStubHasAChannelEachHasAConnection() throws InterruptedException {
		try (RecordingServer server = RecordingServer.start(new EchoService())) {
			for (int i = 0; i < 2; i++) {
				ManagedChannel naive = NettyChannelBuilder.forTarget(server.target()).usePlaintext().build();
				EchoGrpc.newBlockingStub(naive).unary(message(i));
				assertThat(naive.shutdownNow().awaitTermination(10, TimeUnit.SECONDS)).isTrue();
			}
			assertThat(server.connections()).isEqualTo(2);
		}
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("C2: 512 threads make 1,000 calls each through one stub, and each call gets its own answer")
	void anyNumberOfThreadsMayUseOneStub(Transport transport) {
		int calls = (transport == Transport.NETTY) ? 1000 : 100;
		// What the machine can do is for the client: the server takes no thread per call
		run(transport, ServerBuilder::directExecutor, (server, context) -> {
			server.forgetCalls();
			EchoBlockingStub stub = context.getBean(Stubs.class).blocking;
			AtomicInteger answered = new AtomicInteger();
			ConcurrentRun.of(512, (thread) -> {
				for (int i = 0; i < calls; i++) {
					Message message = message(thread * calls + i);
					if (!stub.unary(message).equals(message)) {
						throw new AssertionError("A call got the answer of another");
					}
				}
				answered.addAndGet(calls);
			}).join(Duration.ofMinutes(3));
			assertThat(answered).hasValue(512 * calls);
			assertThat(server.connections()).isEqualTo(1);
		}, new Barrier());
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("C3: calls run in parallel: as many as wait for each other in the server all finish")
	void callsRunInParallel(Transport transport) {
		run(transport, (server, context) -> {
			StockFutureStub stub = context.getBean(Stubs.class).stock;
			ConcurrentRun
				.of(CALLS_AT_ONCE,
						(index) -> assertThat(stub.reserve(message(index)).get(30, TimeUnit.SECONDS).getNumber())
							.isEqualTo(index))
				.join(LONG);
		});
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("C3: one call less, and none of them finishes")
	void aBarrierThatIsOneCallShortDoesNotOpen(Transport transport) {
		run(transport, (server, context) -> {
			StockFutureStub stub = context.getBean(Stubs.class).stock;
			List<CompletableFuture<Message>> calls = IntStream.range(0, CALLS_AT_ONCE - 1)
				.mapToObj((index) -> future(stub, index))
				.toList();
			Awaitility.await().until(() -> server.calls().size() == CALLS_AT_ONCE - 1);
			assertThat(calls).noneMatch(CompletableFuture::isDone);
			future(stub, CALLS_AT_ONCE).join();
			calls.forEach(CompletableFuture::join);
		});
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("C4: callbacks that block delay no callback of another call")
	void callbacksThatBlockDelayNoOther(Transport transport) {
		run(transport, (server, context) -> {
			Stubs stubs = context.getBean(Stubs.class);
			CountDownLatch release = new CountDownLatch(1);
			CountDownLatch blocked = new CountDownLatch(CALLS_AT_ONCE);
			for (int i = 0; i < CALLS_AT_ONCE; i++) {
				stubs.async.unary(message(i), callback(() -> {
					blocked.countDown();
					await(release);
				}));
			}
			await(blocked);
			CountDownLatch answered = new CountDownLatch(1);
			stubs.async.unary(message(-1), callback(answered::countDown));
			await(answered);
			assertThat(release.getCount()).isOne();
			release.countDown();
		});
	}

	private static StreamObserver<Message> callback(Runnable onAnswer) {
		return new StreamObserver<>() {

			@Override
			public void onNext(Message message) {
				onAnswer.run();
			}

			@Override
			public void onError(Throwable error) {
			}

			@Override
			public void onCompleted() {
			}

		};
	}

	private static void await(CountDownLatch latch) {
		try {
			assertThat(latch.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("C6: closing the context waits for calls in flight")
	void closingWaitsForCallsInFlight(Transport transport) {
		Held held = new Held();
		run(transport, (server, context) -> {
			StockFutureStub stub = context.getBean(Stubs.class).stock;
			List<CompletableFuture<Message>> calls = IntStream.range(0, 20)
				.mapToObj((index) -> future(stub, index))
				.toList();
			held.await(20);
			ConcurrentRun closing = ConcurrentRun.of(1, (index) -> ((ConfigurableApplicationContext) context).close());
			Awaitility.await().until(() -> isRefused(stub));
			assertThat(calls).noneMatch(CompletableFuture::isDone);
			held.release();
			closing.join(LONG);
			assertThat(calls).allSatisfy((call) -> assertThat(call).isCompleted());
		}, held);
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("C6: closing the context cancels calls that outlast the grace period")
	void closingCancelsCallsAfterTheGracePeriod(Transport transport) {
		Held held = new Held();
		CompletableFuture<Message> call = new CompletableFuture<>();
		run(transport, (server, context) -> {
			StockFutureStub stub = context.getBean(Stubs.class).stock;
			future(stub, 1).whenComplete((message, ex) -> call.completeExceptionally(ex));
			held.await(1);
			((ConfigurableApplicationContext) context).close();
			assertThat(call).failsWithin(LONG)
				.withThrowableOfType(ExecutionException.class)
				.withMessageContaining("UNAVAILABLE: Channel shutdownNow invoked");
			held.release();
		}, held, "strand.client.channels.default.shutdown-grace-period=100ms");
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("C6: every kind of stub fails at once after the context has closed, and says why")
	void stubsFailAtOnceAfterTheContextHasClosed(Transport transport) {
		run(transport, (server, context) -> {
			Stubs stubs = context.getBean(Stubs.class);
			stubs.callAll(message(1));
			((ConfigurableApplicationContext) context).close();
			stubs.assertAllRefused();
		});
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("C6: stubs that were never called fail as well after the context has closed")
	void stubsThatWereNeverCalledFailAsWell(Transport transport) {
		run(transport, (server, context) -> {
			Stubs stubs = context.getBean(Stubs.class);
			((ConfigurableApplicationContext) context).close();
			stubs.assertAllRefused();
			assertThat(server.connections()).isZero();
		});
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("C6: beans may use their stubs until they are destroyed themselves")
	void beansMayUseTheirStubsWhenTheyAreDestroyed(Transport transport) {
		AtomicReference<LastCaller> caller = new AtomicReference<>();
		run(transport, (server, context) -> {
			caller.set(context.getBean(LastCaller.class));
			caller.get().armed = true;
		});
		assertThat(caller.get().answer).isEqualTo(message(7));
	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("C6: no call hangs that races the closing of the context")
	void noCallHangsThatRacesTheClosing(Transport transport) {
		for (int round = 0; round < 40; round++) {
			boolean connected = round % 2 == 0; // else the first calls race the closing
												// too
			run(transport, (server, context) -> {
				Stubs stubs = context.getBean(Stubs.class);
				if (connected) {
					stubs.callAll(message(0));
				}
				ConcurrentRun.of(9, (index) -> {
					if (index == 0) {
						((ConfigurableApplicationContext) context).close();
						return;
					}
					boolean open = true;
					while (open) {
						open = answeredOrUnavailable(stubs, index);
					}
				}).join(LONG);
				stubs.assertAllRefused();
			});
		}
	}

	private static boolean answeredOrUnavailable(Stubs stubs, int index) {
		try {
			stubs.callAll(message(index));
			return true;
		}
		catch (StatusRuntimeException ex) {
			assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
			return false;
		}
	}

	private static boolean isRefused(StockFutureStub stub) {
		CompletableFuture<Message> call = future(stub, -1);
		return call.isCompletedExceptionally();
	}

	private static CompletableFuture<Message> future(StockFutureStub stub, int number) {
		CompletableFuture<Message> future = new CompletableFuture<>();
		Futures.addCallback(stub.reserve(message(number)), new FutureCallback<Message>() {

			@Override
			public void onSuccess(Message message) {
				future.complete(message);
			}

			@Override
			public void onFailure(Throwable ex) {
				future.completeExceptionally(ex);
			}

		}, Runnable::run);
		return future;
	}

	private static Message message(int number) {
		return Message.newBuilder().setText("number " + number).setNumber(number).build();
	}

	private static void run(Transport transport, BiConsumer<RecordingServer, ApplicationContext> test) {
		run(transport, test, new Barrier());
	}

	private static void run(Transport transport, BiConsumer<RecordingServer, ApplicationContext> test,
			StockGrpc.StockImplBase stock, String... properties) {
		run(transport, UnaryOperator.identity(), test, stock, properties);
	}

	private static void run(Transport transport, UnaryOperator<ServerBuilder<?>> executor,
			BiConsumer<RecordingServer, ApplicationContext> test, StockGrpc.StockImplBase stock, String... properties) {
		String name = UUID.randomUUID().toString();
		ServerBuilder<?> builder = (transport == Transport.NETTY)
				? NettyServerBuilder.forPort(0, InsecureServerCredentials.create())
				: InProcessServerBuilder.forName(name);
		try (RecordingServer server = RecordingServer.start(executor.apply(builder), new EchoService(),
				new CounterService(), stock)) {
			String target = (transport == Transport.NETTY) ? server.target() : "in-process:" + name;
			new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(GrpcClientAutoConfiguration.class))
				.withPropertyValues("strand.client.channels.default.target=" + target)
				.withPropertyValues(properties)
				.withBean(Stubs.class)
				.withBean(LastCaller.class)
				.run((context) -> test.accept(server, context.getSourceApplicationContext()));
		}
	}

	enum Transport {

		NETTY, IN_PROCESS

	}

	/**
	 * Stubs of every kind, and of two services.
	 */
	static class Stubs {

		final EchoBlockingStub blocking;

		final EchoBlockingV2Stub blockingV2;

		final EchoFutureStub future;

		final EchoStub async;

		final CounterBlockingStub counter;

		final CounterFutureStub counterFuture;

		final StockFutureStub stock;

		Stubs(EchoBlockingStub blocking, EchoBlockingV2Stub blockingV2, EchoFutureStub future, EchoStub async,
				CounterBlockingStub counter, CounterFutureStub counterFuture, StockFutureStub stock) {
			this.blocking = blocking;
			this.blockingV2 = blockingV2;
			this.future = future;
			this.async = async;
			this.counter = counter;
			this.counterFuture = counterFuture;
			this.stock = stock;
		}

		void callAll(Message message) {
			assertThat(this.blocking.unary(message)).isEqualTo(message);
			assertThat(unaryV2(message)).isEqualTo(message);
			assertThat(get(this.future.unary(message))).isEqualTo(message);
			Answer answer = new Answer();
			this.async.unary(message, answer);
			assertThat(answer.get()).isEqualTo(message);
			assertThat(this.counter.next(message).getNumber()).isPositive();
			assertThat(get(this.counterFuture.next(message)).getNumber()).isPositive();
		}

		private Message unaryV2(Message message) {
			try {
				return this.blockingV2.unary(message);
			}
			catch (StatusException ex) {
				throw ex.getStatus().asRuntimeException();
			}
		}

		private static Message get(ListenableFuture<Message> future) {
			try {
				return future.get(30, TimeUnit.SECONDS);
			}
			catch (ExecutionException ex) {
				throw Status.fromThrowable(ex).asRuntimeException();
			}
			catch (InterruptedException | TimeoutException ex) {
				throw new AssertionError("The call hangs", ex);
			}
		}

		void assertAllRefused() {
			Message message = message(1);
			assertRefused(() -> this.blocking.unary(message));
			assertRefused(() -> this.blocking.withWaitForReady().unary(message));
			assertRefused(() -> this.blocking.serverStream(message).hasNext());
			assertRefused(() -> unaryV2(message));
			assertRefused(() -> get(this.future.unary(message)));
			assertRefused(() -> {
				Answer answer = new Answer();
				this.async.unary(message, answer);
				answer.get();
			});
			assertRefused(() -> {
				Answer answer = new Answer();
				StreamObserver<Message> requests = this.async.bidi(answer);
				requests.onNext(message);
				requests.onCompleted();
				answer.get();
			});
			assertRefused(() -> {
				try {
					this.blockingV2.bidi().read();
				}
				catch (StatusException ex) {
					throw ex.getStatus().asRuntimeException();
				}
			});
			assertRefused(() -> this.counter.next(message));
		}

		private static void assertRefused(ThrowingRunnable call) {
			long start = System.nanoTime();
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(call::run)
				.withMessageContaining("UNAVAILABLE: Channel 'default' is closed");
			assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
		}

	}

	/**
	 * Makes a call when it is destroyed, if told to.
	 */
	static class LastCaller implements DisposableBean {

		private final EchoBlockingStub stub;

		volatile boolean armed;

		volatile @Nullable Message answer;

		LastCaller(EchoBlockingStub stub) {
			this.stub = stub;
		}

		@Override
		public void destroy() {
			if (this.armed) {
				this.answer = this.stub.unary(message(7));
			}
		}

	}

	@FunctionalInterface
	interface ThrowingRunnable {

		void run() throws Exception;

	}

	/**
	 * The answer of an asynchronous call.
	 */
	static class Answer implements StreamObserver<Message> {

		private final CompletableFuture<Message> future = new CompletableFuture<>();

		@Override
		public void onNext(Message message) {
			this.future.complete(message);
		}

		@Override
		public void onError(Throwable ex) {
			this.future.completeExceptionally(ex);
		}

		@Override
		public void onCompleted() {
			this.future.completeExceptionally(new IllegalStateException("no answer"));
		}

		Message get() {
			try {
				return this.future.get(30, TimeUnit.SECONDS);
			}
			catch (ExecutionException ex) {
				throw Status.fromThrowable(ex).asRuntimeException();
			}
			catch (InterruptedException | TimeoutException ex) {
				throw new AssertionError("The call hangs", ex);
			}
		}

	}

	/**
	 * Answers when as many calls have come as the barrier is for.
	 */
	static class Barrier extends StockGrpc.StockImplBase {

		private final CyclicBarrier barrier = new CyclicBarrier(CALLS_AT_ONCE);

		@Override
		public void reserve(Message request, StreamObserver<Message> responses) {
			try {
				this.barrier.await(30, TimeUnit.SECONDS);
				responses.onNext(request);
				responses.onCompleted();
			}
			catch (Exception ex) {
				responses.onError(ex);
			}
		}

	}

	/**
	 * Holds its calls until released.
	 */
	static class Held extends StockGrpc.StockImplBase {

		private final AtomicInteger entered = new AtomicInteger();

		private final CountDownLatch released = new CountDownLatch(1);

		@Override
		public void reserve(Message request, StreamObserver<Message> responses) {
			this.entered.incrementAndGet();
			try {
				if (this.released.await(30, TimeUnit.SECONDS)) {
					responses.onNext(request);
					responses.onCompleted();
				}
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

		void await(int calls) {
			Awaitility.await().until(() -> this.entered.get() == calls);
		}

		void release() {
			this.released.countDown();
		}

	}

}
