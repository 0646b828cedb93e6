package io.strand.grpc.call;

import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.strand.grpc.call.LiveCall.State;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.SilentServerCall;
import org.junit.jupiter.api.Test;

import org.springframework.test.util.ReflectionTestUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link HandlerCall} whose transport and thread the test plays.
 */
class HandlerCallTests {

	@Test
	void whoSendsOnACallThatGetsNoThreadIsTold() throws Exception {
		PlayedCall played = new PlayedCall(new NeverStarted());
		played.fill();
		played.arrive();
		SendGuard guard = played.call().call().guard();
		ReflectionTestUtils.setField(guard, "recheckNanos", TimeUnit.SECONDS.toNanos(100));
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		Thread sender = new Thread(() -> thrown.complete(catchThrowable(() -> guard.send(() -> {
		}, true))));
		sender.start();
		await().until(() -> guard.waiting() != null && sender.getState() == Thread.State.TIMED_WAITING);
		played.call().rejected();
		try {
			assertThat(Status.fromThrowable(thrown.get(10, TimeUnit.SECONDS)).getCode())
				.isEqualTo(Status.Code.CANCELLED);
			assertThat(played.call().isCancelled()).isTrue();
			assertThat(played.ends()).isEqualTo(1);
		}
		finally {
			sender.interrupt(); // if nobody told it
			sender.join(10_000);
		}
	}

	@Test
	void handlerSeesNoStreamWithAHoleInIt() throws Exception {
		Message small = Message.newBuilder().setText("small").build();
		CountDownLatch release = new CountDownLatch(1);
		Recorder recorder = new Recorder();
		try (CallEngine engine = new CallEngine((method) -> HandlerSettings.DEFAULT, true, 2);
				Context.CancellableContext context = Context.current().withCancellation()) {
			ServerCall.Listener<Object> transport = context
				.call(() -> engine.interceptCall(new StreamOfObjects(), new Metadata(), (call, headers) -> {
					within(release);
					call.request(3);
					return recorder;
				}));
			transport.onMessage(DeferredMessage.plain(new ByteArrayInputStream(small.toByteArray()),
					DeferredMessage.LARGE, EchoGrpc.getBidiMethod().getRequestMarshaller()));
			transport.onMessage(small);
			transport.onHalfClose();
			// The news of that is held up on the transport's thread
			context.cancel(Status.CANCELLED.asException());
			release.countDown();
			await()
				.until(() -> engine.liveCalls().stream().allMatch((call) -> call.state() == State.WAITING_FOR_MESSAGE));
			transport.onCancel();
			await().until(() -> engine.liveCalls().isEmpty());
		}
		// Where it is decoded by the call's own thread, nothing is missing
		assertThat(recorder.heard).isIn(List.of("cancelled"), List.of("small", "small", "half-closed", "cancelled"));
	}

	private static void within(CountDownLatch latch) {
		try {
			assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static final class StreamOfObjects extends SilentServerCall<Object, Message> {

		@Override
		@SuppressWarnings({ "unchecked", "rawtypes" })
		public MethodDescriptor<Object, Message> getMethodDescriptor() {
			return (MethodDescriptor) EchoGrpc.getBidiMethod();
		}

	}

	private static final class Recorder extends ServerCall.Listener<Object> {

		private final List<String> heard = new CopyOnWriteArrayList<>();

		@Override
		public void onMessage(Object message) {
			this.heard.add(((Message) message).getText());
		}

		@Override
		public void onHalfClose() {
			this.heard.add("half-closed");
		}

		@Override
		public void onCancel() {
			this.heard.add("cancelled");
		}

	}

	private static final class NeverStarted implements ServerCallHandler<Message, Message> {

		@Override
		public ServerCall.Listener<Message> startCall(ServerCall<Message, Message> call, Metadata headers) {
			throw new AssertionError("The call has no thread");
		}

	}

}
