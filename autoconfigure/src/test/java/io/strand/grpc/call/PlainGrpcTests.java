package io.strand.grpc.call;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.ServerBuilder;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
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
 * There is none of H5: gRPC itself delivers the callbacks of a call one at a time and in
 * order, on any executor, and the test of that is passed without the engine. Of H10, gRPC
 * keeps what it can where handlers run on an executor: it decodes there, and nothing that
 * nobody has asked for, so also nothing of a call that an interceptor refuses. It does
 * not where handlers run on the event loop.
 */
class PlainGrpcTests extends HandlerTestBase {

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

}
