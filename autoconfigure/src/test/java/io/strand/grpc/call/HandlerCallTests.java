package io.strand.grpc.call;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.strand.grpc.testing.Message;
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

	private static final class NeverStarted implements ServerCallHandler<Message, Message> {

		@Override
		public ServerCall.Listener<Message> startCall(ServerCall<Message, Message> call, Metadata headers) {
			throw new AssertionError("The call has no thread");
		}

	}

}
