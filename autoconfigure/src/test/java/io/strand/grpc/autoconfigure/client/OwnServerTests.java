package io.strand.grpc.autoconfigure.client;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerStartedEvent;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoFutureStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.StockGrpc;
import io.strand.grpc.testing.StockGrpc.StockBlockingStub;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.EventListener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * An application that calls its own server.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class OwnServerTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private static final int ROUNDS = 5;

	@TempDir
	private Path directory;

	private final ApplicationContextRunner runner = ClientContext.runner()
		.withBean(EchoService.class)
		.withBean(Caller.class);

	@ParameterizedTest
	@ValueSource(strings = { "tcp", "unix", "in-process" })
	void callsBeforeTheStartFailAndCallsRightAfterItSucceed(String transport) {
		List<Duration> waited = new ArrayList<>();
		for (int i = 0; i < ROUNDS; i++) {
			this.runner.withPropertyValues(listenOn(transport))
				.run((context) -> waited.add(callBeforeAndAfterTheStart(context.getBean(Caller.class))));
		}
		assertThat(waited).matches(OwnServerTests::isWithoutBackOff);
	}

	private static Duration callBeforeAndAfterTheStart(Caller caller) throws Exception {
		StatusRuntimeException before = caller.beforeStart.get();
		assertThat(before).isNotNull();
		assertThat(before.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		assertThat(before).hasMessageContaining("This application's own gRPC server does not run");
		assertThat(caller.onStarted.get()).isEqualTo(MESSAGE);
		assertThat(caller.waiting.get(5, TimeUnit.SECONDS)).isEqualTo(MESSAGE);
		assertThat(caller.stub.unary(MESSAGE)).isEqualTo(MESSAGE);
		return caller.waited();
	}

	/**
	 * Most, since the machine may hold one up, and the first loads classes. With gRPC's
	 * back-off few would be: a second from the last attempt before the start.
	 */
	private static boolean isWithoutBackOff(List<? extends Duration> waited) {
		return waited.stream().filter((each) -> each.toMillis() < 400).count() > ROUNDS / 2;
	}

	@ParameterizedTest
	@ValueSource(strings = { "tcp", "unix", "in-process" })
	void aRestartIsFollowed(String transport) {
		this.runner.withPropertyValues(listenOn(transport)).run((context) -> {
			Caller caller = context.getBean(Caller.class);
			GrpcServer server = context.getBean(GrpcServer.class);
			List<Duration> waited = new ArrayList<>();
			for (int i = 0; i < ROUNDS; i++) {
				assertThat(caller.stub.unary(MESSAGE)).isEqualTo(MESSAGE);
				server.stop();
				assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> caller.stub.unary(MESSAGE))
					.withMessageContaining("does not run");
				server.start();
				long start = System.nanoTime();
				assertThat(caller.stub.unary(MESSAGE)).isEqualTo(MESSAGE);
				waited.add(Duration.ofNanos(System.nanoTime() - start));
			}
			assertThat(waited).matches(OwnServerTests::isWithoutBackOff);
		});
	}

	@Test
	void aChannelMayNameItAsItsTarget() {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.default.target=self:",
					"strand.client.channels.default.user-agent=me")
			.withBean(EchoService.class)
			.withBean(Caller.class)
			.run((context) -> assertThat(context.getBean(Caller.class).stub.unary(MESSAGE)).isEqualTo(MESSAGE));
	}

	@Test
	void itsChannelIsConfiguredByTheNameSelf() {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.self.deadline=1ns")
			.withBean(EchoService.class)
			.withBean(OtherCaller.class)
			.run((context) -> assertThatExceptionOfType(StatusRuntimeException.class)
				.isThrownBy(() -> context.getBean(OtherCaller.class).stub.unary(MESSAGE))
				.withMessageContaining("DEADLINE_EXCEEDED"));
	}

	@Test
	void aServiceMayCallItselfThroughItsStub() {
		ClientContext.runner()
			.withBean(Countdown.class)
			.run((context) -> assertThat(
					context.getBean(Countdown.class).stub.reserve(Message.newBuilder().setNumber(5).build()).getText())
				.isEqualTo("5 4 3 2 1 0"));
	}

	@Test
	void aServiceOfPlainMethodsMayCallItselfThroughItsStub() {
		ClientContext.runner()
			.withBean(PlainCountdown.class)
			.run((context) -> assertThat(
					context.getBean(PlainCountdown.class).stub.reserve(Message.newBuilder().setNumber(3).build())
						.getText())
				.isEqualTo("3 2 1 0"));
	}

	@Test
	void aServiceThatIsNotServedIsNotItsOwn() {
		this.runner.withPropertyValues("strand.server.serve-all-bindable-services=false")
			.withBean(Countdown.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("no channel suits the proto service 'strand.testing.Echo'"));
	}

	@Test
	void aServiceThatAListenerHasToItselfIsNotItsOwn() {
		ApplicationContextRunner listening = ClientContext.runner()
			.withBean(EchoService.class)
			.withBean(OtherCaller.class)
			.withPropertyValues("strand.server.listeners.admin.port=0",
					"strand.server.listeners.admin.services=strand.testing.Echo");
		listening.run((context) -> assertThat(context.getStartupFailure())
			.hasMessageContaining("and this application does not serve it"));
		listening.withPropertyValues("strand.server.listeners.admin.exclusive=false")
			.run((context) -> assertThat(context.getBean(OtherCaller.class).stub.unary(MESSAGE)).isEqualTo(MESSAGE));
	}

	@Test
	void withoutServerNothingIsItsOwn() {
		this.runner.withPropertyValues("strand.server.enabled=false")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("this application does not serve it"));
	}

	@Test
	void theServerOfAnotherContextIsNotTakenForItsOwn() {
		this.runner.run((context) -> this.runner.run((other) -> {
			// as it comes from a child context
			context.publishEvent(other.getBean(Caller.class).event.get());
			assertThat(context.getBean(ApplicationOwnServer.class).address())
				.isEqualTo(context.getBean(GrpcServer.class).getLocalAddress())
				.isNotEqualTo(other.getBean(GrpcServer.class).getLocalAddress());
		}));
	}

	@Test
	void theLogSaysOnceForEachStubThatItIsChosen(CapturedOutput output) {
		this.runner.withBean("other", OtherCaller.class).run((context) -> {
			assertThat(context.getBean(OtherCaller.class).stub).isSameAs(stub(context));
			assertThat(output.getAll().lines().filter((line) -> line.contains("calls this application's own")))
				.hasSize(2)
				.allSatisfy((line) -> assertThat(line).contains("own strand.testing.Echo: no other channel"));
		});
	}

	@Test
	void theLogSaysNothingIfTheTargetIsConfigured(CapturedOutput output) {
		this.runner.withPropertyValues("strand.client.channels.echo.target=self:")
			.run((context) -> assertThat(output).doesNotContain("calls this application's own"));
	}

	private String[] listenOn(String transport) {
		return switch (transport) {
			case "unix" -> new String[] { "strand.server.port=-1",
					"strand.server.unix-socket=" + this.directory.resolve("own.sock") };
			case "in-process" ->
				new String[] { "strand.server.port=-1", "strand.server.in-process.name=" + UUID.randomUUID() };
			default -> new String[] { "strand.server.port=0" };
		};
	}

	private static EchoBlockingStub stub(ApplicationContext context) {
		return context.getBean(Caller.class).stub;
	}

	/**
	 * Calls too early, on the event, and waits for ready.
	 */
	static class Caller implements SmartInitializingSingleton {

		final EchoBlockingStub stub;

		final EchoFutureStub futureStub;

		final AtomicReference<@Nullable StatusRuntimeException> beforeStart = new AtomicReference<>();

		final AtomicReference<@Nullable Message> onStarted = new AtomicReference<>();

		final AtomicReference<@Nullable GrpcServerStartedEvent> event = new AtomicReference<>();

		final AtomicReference<Long> started = new AtomicReference<>(0L);

		final AtomicReference<Long> answered = new AtomicReference<>(0L);

		ListenableFuture<Message> waiting = Futures.immediateCancelledFuture();

		Caller(EchoBlockingStub stub, EchoFutureStub futureStub) {
			this.stub = stub;
			this.futureStub = futureStub;
		}

		@Override
		public void afterSingletonsInstantiated() {
			this.waiting = this.futureStub.withWaitForReady().unary(MESSAGE);
			this.waiting.addListener(() -> this.answered.set(System.nanoTime()), Runnable::run);
			try {
				this.stub.unary(MESSAGE);
			}
			catch (StatusRuntimeException ex) {
				this.beforeStart.set(ex);
			}
		}

		@EventListener
		void on(GrpcServerStartedEvent event) {
			this.event.set(event);
			this.started.set(System.nanoTime());
			this.onStarted.set(this.stub.unary(MESSAGE));
		}

		Duration waited() {
			return Duration.ofNanos(this.answered.get() - this.started.get());
		}

	}

	static class OtherCaller {

		final EchoBlockingStub stub;

		OtherCaller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	@GrpcService
	static class Countdown extends StockGrpc.StockImplBase {

		final StockBlockingStub stub;

		Countdown(StockBlockingStub stub) {
			this.stub = stub;
		}

		@Override
		public void reserve(Message request, StreamObserver<Message> responses) {
			String text = String.valueOf(request.getNumber());
			if (request.getNumber() > 0) {
				text += " "
						+ this.stub.reserve(Message.newBuilder().setNumber(request.getNumber() - 1).build()).getText();
			}
			responses.onNext(Message.newBuilder().setText(text).build());
			responses.onCompleted();
		}

	}

	@GrpcService(StockGrpc.class)
	static class PlainCountdown {

		private final StockBlockingStub stub;

		PlainCountdown(StockBlockingStub stub) {
			this.stub = stub;
		}

		Message reserve(Message request) {
			int number = request.getNumber();
			String rest = (number > 0)
					? " " + this.stub.reserve(request.toBuilder().setNumber(number - 1).build()).getText() : "";
			return Message.newBuilder().setText(number + rest).build();
		}

	}

}
