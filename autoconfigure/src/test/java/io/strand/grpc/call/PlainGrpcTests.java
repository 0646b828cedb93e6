package io.strand.grpc.call;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoHandlers.RequestObserver;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.SlowClient;
import io.strand.grpc.thread.CallThreads;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * The twins of contract tests on a server without the engine, which breaks the promise:
 * so the tests test something. Those of S2, S5 and H6 are with their tests.
 *
 * <p>
 * Some have none, since gRPC keeps the promise or cannot be asked for it. S1: gRPC itself
 * lets one thread send while another one is in a callback. S3: there is no such mode;
 * what the second sender does instead is the twin of S2. S4: a handler of plain gRPC is
 * given its messages one by one, so there is no receiving on several threads. S9: the
 * executor that runs the callbacks publishes what was written before. H5: gRPC delivers
 * the callbacks of a call one at a time and in order, on any executor, and the test of
 * that is passed without the engine. H7: handlers of a whole server run on the event loop
 * with a direct executor, as in the twin of H10; not those of one method, and nobody
 * finds one that blocks. Of H10, gRPC keeps what it can where handlers run on an
 * executor: it decodes there, and nothing that nobody has asked for, so also nothing of a
 * call that an interceptor refuses. It does not where handlers run on the event loop.
 */
class PlainGrpcTests extends HandlerTestBase {

	@Test
	@DisplayName("H1: plain grpc-java shows a thread-local of an interceptor to the next call on the thread")
	void threadLocalLeaksToAnotherCall() throws Exception {
		ThreadLocal<String> local = new ThreadLocal<>();
		List<String> seen = new CopyOnWriteArrayList<>();
		ExecutorService pool = Executors.newSingleThreadExecutor();
		try (EngineServer server = serveConfigured(Kind.PLAIN_GRPC,
				(builder) -> builder.executor(pool).intercept(new Arrival(() -> {
					seen.add(String.valueOf(local.get()));
					local.set("call " + seen.size());
				})), new EchoHandlers())) {
			assertAnswers(server, "first");
			assertAnswers(server, "second");
		}
		finally {
			pool.shutdown();
		}
		assertThat(seen).containsExactly("null", "call 1");
	}

	@Test
	@DisplayName("H1: plain grpc-java runs a later callback where a thread-local of an interceptor is not")
	void threadLocalIsNotThereInALaterCallback() {
		ThreadLocal<String> local = new ThreadLocal<>();
		List<String> seen = new CopyOnWriteArrayList<>();
		List<Thread> threads = new CopyOnWriteArrayList<>();
		EngineServer server = serveConfigured(Kind.PLAIN_GRPC, (builder) -> builder.executor((task) -> {
			Thread thread = new Thread(task);
			threads.add(thread);
			thread.start();
		}).intercept(new Arrival(() -> local.set("of the call"))), new EchoHandlers().bidi((responses) -> {
			seen.add(String.valueOf(local.get()));
			return new RequestObserver((message) -> seen.add(String.valueOf(local.get())), responses::onCompleted);
		}));
		Outcome outcome = Outcome.open(server.channel(), BIDI, soon());
		// As long as a thread has callbacks to run it runs them all
		await().until(() -> seen.size() == 1 && threads.stream().noneMatch(Thread::isAlive));
		outcome.call().sendMessage(text("later"));
		outcome.call().halfClose();
		assertThat(outcome.status().isOk()).isTrue();
		assertThat(seen).containsExactly("of the call", "null");
	}

	@Test
	@DisplayName("S6: plain grpc-java does not tell a handler that waits inside onNext that it may send again")
	void handlerThatWaitsInOnNextIsNotTold() throws Exception {
		CompletableFuture<ServerCallStreamObserver<Message>> stream = new CompletableFuture<>();
		AtomicBoolean full = new AtomicBoolean();
		CountDownLatch told = new CountDownLatch(1);
		CountDownLatch release = new CountDownLatch(1);
		Message large = Message.newBuilder().setPayload(ByteString.copyFrom(new byte[16 * 1024])).build();
		EngineServer server = serve(Kind.PLAIN_GRPC, HandlerSettings.DEFAULT, new EchoHandlers().bidi((responses) -> {
			ServerCallStreamObserver<Message> out = (ServerCallStreamObserver<Message>) responses;
			out.setOnReadyHandler(() -> {
				if (full.get()) {
					told.countDown();
				}
			});
			return new RequestObserver((message) -> {
				while (out.isReady()) {
					out.onNext(large);
				}
				full.set(true);
				stream.complete(out);
				stubbornly(release); // as one that waits for its onReadyHandler
			}, out::onCompleted);
		}));
		SlowClient client = new SlowClient();
		StreamObserver<Message> requests = EchoGrpc.newStub(server.channel()).bidi(client);
		requests.onNext(text("send"));
		ServerCallStreamObserver<Message> out = stream.get(5, TimeUnit.SECONDS);
		client.readAll();
		await().until(out::isReady);
		assertAnswers(server, "so the event loop has long gone on");
		assertThat(told.getCount()).isEqualTo(1);
		release.countDown();
		within(told);
		requests.onCompleted();
		assertThat(client.end()).isEqualTo(Status.OK);
	}

	@Test
	@DisplayName("H2: plain grpc-java pays a platform thread for each blocked handler")
	void blockedHandlersCostPlatformThreads() {
		int count = 200;
		CountDownLatch release = new CountDownLatch(1);
		AtomicInteger entered = new AtomicInteger();
		EngineServer server = serve(Kind.PLAIN_GRPC, HandlerSettings.DEFAULT,
				new EchoHandlers().unary((request, responses) -> {
					entered.incrementAndGet();
					stubbornly(release);
					EchoHandlers.echo(request, responses);
				}));
		List<Outcome> blocked = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			blocked.add(Outcome.of(server.channel(), UNARY, in(30_000), text("block")));
		}
		await().until(() -> entered.get() == count);
		assertThat(ManagementFactory.getThreadMXBean().getThreadCount()).isGreaterThanOrEqualTo(count);
		release.countDown();
		assertThat(blocked).allSatisfy((outcome) -> assertThat(outcome.status().isOk()).isTrue());
	}

	@Test
	@DisplayName("H3: plain grpc-java leaves the handler of a cancelled call alone")
	void cancelDoesNotInterruptTheHandler() {
		AtomicReference<Context> context = new AtomicReference<>();
		AtomicReference<Thread> thread = new AtomicReference<>();
		AtomicBoolean release = new AtomicBoolean();
		CountDownLatch left = new CountDownLatch(1);
		EngineServer server = serve(Kind.PLAIN_GRPC, HandlerSettings.DEFAULT,
				new EchoHandlers().unary((request, responses) -> {
					thread.set(Thread.currentThread());
					context.set(Context.current());
					while (!release.get()) {
						Thread.onSpinWait(); // waits without taking an interrupt
					}
					left.countDown();
				}));
		Outcome outcome = call(server, "wait");
		await().until(() -> context.get() != null);
		outcome.cancel();
		await().until(() -> context.get().isCancelled());
		assertThat(thread.get().isInterrupted()).isFalse();
		release.set(true);
		within(left);
	}

	@Test
	@DisplayName("H4: plain grpc-java drops the status that a handler throws")
	void thrownStatusIsLost() {
		EngineServer server = serve(Kind.PLAIN_GRPC, HandlerSettings.DEFAULT,
				new EchoHandlers().unary((request, responses) -> {
					throw Status.NOT_FOUND.withDescription("told").asRuntimeException();
				}));
		assertThat(call(server, "fail").status().getCode()).isEqualTo(Code.UNKNOWN);
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	@DisplayName("H8: plain grpc-java counts streams, so a client that gives up and calls again gets past its limit")
	void limitOfStreamsDoesNotCountHandlers(boolean virtual) {
		assumeTrue(!virtual || VIRTUAL);
		int count = 17;
		CountDownLatch release = new CountDownLatch(1);
		AtomicInteger running = new AtomicInteger();
		AtomicReference<Context> context = new AtomicReference<>();
		EngineServer server = serveConfigured(Kind.PLAIN_GRPC, (builder) -> {
			((NettyServerBuilder) builder).maxConcurrentCallsPerConnection(1);
			if (virtual) {
				ThreadFactory threads = CallThreads.virtualFactory("plain");
				builder.executor((task) -> threads.newThread(task).start());
			}
		}, new EchoHandlers().unary((request, responses) -> {
			context.set(Context.current());
			running.incrementAndGet();
			stubbornly(release);
		}));
		for (int i = 1; i <= count; i++) {
			int expected = i;
			Outcome outcome = call(server, "stubborn");
			await().until(() -> running.get() == expected);
			outcome.cancel();
			await().until(() -> context.get().isCancelled());
		}
		assertThat(running).hasValue(count);
		release.countDown();
	}

	@Test
	@DisplayName("H10: plain grpc-java decodes on the event loop where its handlers run there to save the hop")
	void directExecutorDecodesOnTheEventLoop() {
		ParseRecorder recorder = new ParseRecorder();
		EngineServer server = serveConfigured(Kind.PLAIN_GRPC, ServerBuilder::directExecutor,
				recorder.service(EchoHandlers::echo));
		Message large = Message.newBuilder().setPayload(ByteString.copyFrom(new byte[1_000_000])).build();
		assertThat(Outcome.of(server.channel(), UNARY, soon(), large).status().isOk()).isTrue();
		assertThat(recorder.threads).singleElement().asString().startsWith("grpc-default-worker-ELG");
	}

	@Test
	@DisplayName("S7: plain grpc-java queues without end what an event loop sends and the client does not take")
	void eventLoopQueuesWithoutEnd() throws Exception {
		int count = 500;
		Message large = Message.newBuilder().setPayload(ByteString.copyFrom(new byte[16 * 1024])).build();
		CompletableFuture<StreamObserver<Message>> observer = new CompletableFuture<>();
		EngineServer server = serve(Kind.PLAIN_GRPC, HandlerSettings.DEFAULT,
				new EchoHandlers().serverStream((request, responses) -> observer.complete(responses)));
		EchoGrpc.EchoStub stub = EchoGrpc.newStub(server.channel());
		stub.serverStream(text("stream"), new SlowClient());
		StreamObserver<Message> responses = observer.get(5, TimeUnit.SECONDS);
		CompletableFuture<Integer> sent = new CompletableFuture<>();
		stub.withExecutor(MoreExecutors.directExecutor()).unary(text("on the event loop"), new StreamObserver<>() {

			@Override
			public void onNext(Message message) {
				for (int i = 0; i < count; i++) {
					responses.onNext(large);
				}
				sent.complete(count);
			}

			@Override
			public void onError(Throwable ex) {
				sent.completeExceptionally(ex);
			}

			@Override
			public void onCompleted() {
			}

		});
		assertThat(sent.get(10, TimeUnit.SECONDS)).isEqualTo(count);
	}

	@Test
	@DisplayName("S8: plain grpc-java refuses what comes after the end, but does not say who ended the stream")
	void refusalAfterTheEndSaysNothing() throws Exception {
		CompletableFuture<StreamObserver<Message>> observer = new CompletableFuture<>();
		EngineServer server = serve(Kind.PLAIN_GRPC, HandlerSettings.DEFAULT,
				new EchoHandlers().serverStream((request, responses) -> {
					EchoHandlers.echo(request, responses);
					observer.complete(responses);
				}));
		assertThat(Outcome.of(server.channel(), EchoGrpc.getServerStreamMethod(), soon(), text("end")).status().isOk())
			.isTrue();
		StreamObserver<Message> responses = observer.get(5, TimeUnit.SECONDS);
		assertThatIllegalStateException().isThrownBy(responses::onCompleted)
			.satisfies((ex) -> assertThat(ex.getMessage()).doesNotContain("thread"));
	}

	/** Does something when a call arrives. */
	private record Arrival(Runnable action) implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			this.action.run();
			return next.startCall(call, headers);
		}

	}

}
