package io.strand.grpc.call;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.SilentServerCall;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What an interrupt on cancel can be said to be without a clock: it has arrived when the
 * transport is done with telling the engine that the call is cancelled.
 */
@Timeout(20)
@ExtendWith(LeakCheckExtension.class)
class InterruptOnCancelTests {

	@ParameterizedTest
	@CsvSource({ "true, true", "true, false", "false, true", "false, false" })
	@DisplayName("H3: the handler is interrupted before the transport has finished telling of the cancel")
	void handlerIsInterruptedWhenTheTransportHasToldOfTheCancel(boolean interruptOnCancel, boolean virtual)
			throws Exception {
		HandlerSettings settings = HandlerTestBase.with(Threading.AUTO, interruptOnCancel);
		CompletableFuture<Thread> entered = new CompletableFuture<>();
		AtomicBoolean release = new AtomicBoolean();
		CountDownLatch cancelled = new CountDownLatch(1);
		try (CallEngine engine = new CallEngine((method) -> settings, virtual, 2)) {
			ServerCall.Listener<Message> transport = engine.interceptCall(new SilentCall(), new Metadata(),
					(call, headers) -> {
						entered.complete(Thread.currentThread());
						while (!release.get()) {
							Thread.onSpinWait(); // waits without taking the interrupt
						}
						return new ServerCall.Listener<>() {

							@Override
							public void onCancel() {
								cancelled.countDown();
							}

						};
					});
			Thread handler = entered.get(5, TimeUnit.SECONDS);
			assertThat(handler.isInterrupted()).isFalse();
			transport.onCancel();
			assertThat(handler.isInterrupted()).isEqualTo(interruptOnCancel);
			release.set(true);
			assertThat(cancelled.await(5, TimeUnit.SECONDS)).isTrue();
		}
	}

	private static final class SilentCall extends SilentServerCall<Message, Message> {

		@Override
		public MethodDescriptor<Message, Message> getMethodDescriptor() {
			return EchoGrpc.getBidiMethod();
		}

	}

}
