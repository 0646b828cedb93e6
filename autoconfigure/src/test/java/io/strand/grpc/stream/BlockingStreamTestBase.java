package io.strand.grpc.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.ServerInterceptor;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.call.Threading;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Starts a server of blocking bodies for a test, and looks after it for calls and threads
 * that were left behind.
 */
@ExtendWith(LeakCheckExtension.class)
abstract class BlockingStreamTestBase {

	static final MethodDescriptor<Message, Message> UNARY = EchoGrpc.getUnaryMethod();

	static final MethodDescriptor<Message, Message> SERVER_STREAM = EchoGrpc.getServerStreamMethod();

	static final MethodDescriptor<Message, Message> CLIENT_STREAM = EchoGrpc.getClientStreamMethod();

	static final MethodDescriptor<Message, Message> BIDI = EchoGrpc.getBidiMethod();

	static {
		Awaitility.setDefaultPollDelay(Duration.ZERO);
		Awaitility.setDefaultPollInterval(Duration.ofMillis(5));
	}

	final ExecutorService threads = Executors.newCachedThreadPool();

	final BlockingEcho echo = new BlockingEcho();

	private @Nullable EngineServer server;

	@AfterEach
	void stop() throws InterruptedException {
		EngineServer started = this.server;
		if (started != null) {
			if (!started.server().isShutdown()) {
				await().untilAsserted(() -> assertThat(started.engine().liveCalls()).isEmpty());
			}
			started.close();
			await().untilAsserted(() -> assertThat(started.engine().liveCalls()).isEmpty());
		}
		this.threads.shutdownNow();
	}

	final void start(Kind kind, ConcurrentSend mode, ServerInterceptor... interceptors) {
		start(kind, Style.HANDLER, mode, interceptors);
	}

	final void start(Kind kind, Style style, ConcurrentSend mode, ServerInterceptor... interceptors) {
		start(kind, settings(Threading.AUTO, mode), style.of(this.echo), interceptors);
	}

	final void start(Kind kind, HandlerSettings settings, BindableService service, ServerInterceptor... interceptors) {
		this.server = new EngineServer(kind, settings, List.of(interceptors), service);
	}

	static HandlerSettings settings(Threading threading, ConcurrentSend mode) {
		return new HandlerSettings(threading, true, mode, null, HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(),
				Duration.ZERO);
	}

	final EngineServer server() {
		EngineServer started = this.server;
		assertThat(started).isNotNull();
		return started;
	}

	final Outcome open(MethodDescriptor<Message, Message> method) {
		return Outcome.open(server().channel(), method, soon());
	}

	final Outcome call(MethodDescriptor<Message, Message> method, Message... requests) {
		return Outcome.of(server().channel(), method, soon(), requests);
	}

	static CallOptions soon() {
		return CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
	}

	final void awaitNoCalls() {
		await().untilAsserted(() -> assertThat(server().engine().liveCalls()).isEmpty());
	}

	final void awaitState(LiveCall.State state) {
		await()
			.untilAsserted(() -> assertThat(server().engine().liveCalls()).extracting(LiveCall::state).contains(state));
	}

	/**
	 * As long as the windows of the connection fill, a sender waits for moments only.
	 */
	final void awaitStateForAWhile(LiveCall.State state) {
		await().pollInterval(Duration.ofMillis(5))
			.during(Duration.ofMillis(100))
			.until(() -> server().engine().liveCalls().stream().anyMatch((call) -> call.state() == state));
	}

	static Message number(int number) {
		return Message.newBuilder().setNumber(number).build();
	}

	static Message text(String text) {
		return Message.newBuilder().setText(text).build();
	}

	static Message[] numbers(int count) {
		List<Message> numbers = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			numbers.add(number(i));
		}
		return numbers.toArray(Message[]::new);
	}

	static void within(CountDownLatch latch) {
		try {
			assertThat(latch.await(10, TimeUnit.SECONDS)).as("opened in time").isTrue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException("interrupted", ex);
		}
	}

	/** How the blocking code is attached to a method. */
	enum Style {

		/** As the handler of the method. */
		HANDLER,

		/** Inside of a generated base class. */
		IMPL_BASE;

		BindableService of(BlockingEcho echo) {
			return (this == HANDLER) ? echo : echo.implBase();
		}

	}

}
