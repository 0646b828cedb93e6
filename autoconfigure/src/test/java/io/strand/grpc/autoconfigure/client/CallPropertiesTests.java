package io.strand.grpc.autoconfigure.client;

import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.InsecureServerCredentials;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.client.ChannelSettings;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.client.method.ChannelMethods;
import io.strand.grpc.client.method.MethodSettings;
import io.strand.grpc.client.method.RequireDeadline;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.FreePort;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The deadlines that methods get, what becomes of calls without any, and calls that wait
 * for a connection.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class CallPropertiesTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").setNumber(1).build();

	private static final String UNARY = "methods[strand.testing.Echo/Unary].";

	private static final String STREAM = "methods[strand.testing.Echo/ServerStream].";

	private final RecordingServer server = RecordingServer.start(new EchoService());

	@AfterEach
	void close() {
		this.server.close();
	}

	@Test
	void aMethodHasItsOwnDeadline() {
		run((stub) -> {
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().secondsLeft()).isBetween(7100L, 7200L);
			read(stub.serverStream(MESSAGE));
			assertThat(this.server.lastCall().deadline()).isNull();
		}, "deadline=1h", UNARY + "deadline=2h");
	}

	@Test
	void aStreamHasTheDeadlineOfItsMethod() {
		run((stub) -> {
			read(stub.serverStream(MESSAGE));
			assertThat(this.server.lastCall().secondsLeft()).isBetween(3500L, 3600L);
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().deadline()).isNull();
		}, STREAM + "deadline=1h");
	}

	@Test
	void aServiceHasDeadlinesForUnaryCallsAndForStreams() {
		run((stub) -> {
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().secondsLeft()).isBetween(3500L, 3600L);
			read(stub.serverStream(MESSAGE));
			assertThat(this.server.lastCall().secondsLeft()).isBetween(7100L, 7200L);
		}, "methods[strand.testing.Echo].deadline=1h", "methods[strand.testing.Echo].stream-deadline=2h");
	}

	@Test
	void aMethodMayHaveNone() {
		run((stub) -> {
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().deadline()).isNull();
		}, "deadline=1h", UNARY + "deadline=0");
	}

	@Test
	void theCallersOwnDeadlineMayBeLonger() {
		run((stub) -> {
			stub.withDeadlineAfter(2, TimeUnit.HOURS).unary(MESSAGE);
			assertThat(this.server.lastCall().secondsLeft()).isBetween(7100L, 7200L);
		}, UNARY + "deadline=1h");
	}

	@Test
	void aChannelMadeWhileRunningHasMethodsToo() {
		run((stub, context) -> {
			GrpcChannels channels = context.getBean(GrpcChannels.class);
			MethodSettings strict = MethodSettings.builder().requireDeadline(RequireDeadline.FAIL).build();
			ChannelSettings settings = ChannelSettings.builder().methods(ChannelMethods.of(strict, Map.of())).build();
			EchoBlockingStub made = EchoGrpc
				.newBlockingStub(channels.create("localhost:" + this.server.port(), settings));
			made.unary(MESSAGE);
			assertThat(this.server.lastCall().secondsLeft()).isBetween(3500L, 3600L);
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> read(made.serverStream(MESSAGE)))
				.withMessageStartingWith("FAILED_PRECONDITION");
		}, "deadline=1h");
	}

	@Test
	void aCallWithoutADeadlineMayBeRefused() {
		run((stub) -> {
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> stub.unary(MESSAGE))
				.withMessage(
						"FAILED_PRECONDITION: strand.testing.Echo/Unary was not called on channel 'default': it has"
								+ " no deadline, which require-deadline asks for. Call the stub by withDeadlineAfter, set"
								+ " strand.client.channels.default.deadline or"
								+ " strand.client.channels.default.methods[strand.testing.Echo/Unary].deadline, or set"
								+ " require-deadline to off where calls are meant to last.");
			assertThat(this.server.calls()).isEmpty();
		}, "require-deadline=fail");
	}

	@Test
	void aStreamWithoutADeadlineMayBeRefused() {
		run((stub) -> {
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> read(stub.serverStream(MESSAGE)))
				.withMessageContaining("set strand.client.channels.default.stream-deadline or");
			stub.unary(MESSAGE);
			assertThat(this.server.calls()).hasSize(1);
		}, "require-deadline=fail", "deadline=1h");
	}

	@ParameterizedTest
	@ValueSource(strings = { "deadline=1h", UNARY + "deadline=1h", UNARY + "require-deadline=off",
			UNARY + "require-deadline=false" })
	void aCallWithADefaultOrAnExceptionIsNotRefused(String property) {
		run((stub) -> assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE), "require-deadline=fail", property);
	}

	@Test
	void aCallWithADeadlineOfItsOwnOrOfItsContextIsNotRefused() {
		run((stub) -> {
			stub.withDeadlineAfter(1, TimeUnit.HOURS).unary(MESSAGE);
			inContext(Deadline.after(1, TimeUnit.HOURS), () -> stub.unary(MESSAGE));
			assertThat(this.server.calls()).hasSize(2);
		}, "require-deadline=fail");
	}

	@Test
	void callsWithoutADeadlineMayBeLogged(CapturedOutput output) {
		run((stub) -> {
			stub.unary(MESSAGE);
			stub.unary(MESSAGE);
			stub.withDeadlineAfter(1, TimeUnit.HOURS).serverStream(MESSAGE).forEachRemaining((message) -> {
			});
		}, "require-deadline=warn");
		assertThat(this.server.calls()).hasSize(3);
		assertThat(output.toString().split("without a deadline")).hasSize(2);
		assertThat(output).contains("strand.testing.Echo/Unary was called without a deadline on channel 'default'");
	}

	@Test
	void theDeadlineOfTheContextIsShortenedByTheMargin() {
		run((stub) -> {
			inContext(Deadline.after(2, TimeUnit.HOURS), () -> stub.unary(MESSAGE));
			assertThat(this.server.lastCall().secondsLeft()).isBetween(3500L, 3600L);
			inContext(Deadline.after(2, TimeUnit.HOURS),
					() -> stub.withDeadlineAfter(10, TimeUnit.MINUTES).unary(MESSAGE));
			assertThat(this.server.lastCall().secondsLeft()).isBetween(500L, 600L);
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().deadline()).isNull();
		}, "deadline-margin=1h");
	}

	@Test
	void theEarlierOfDefaultAndContextCounts() {
		run((stub) -> {
			inContext(Deadline.after(4, TimeUnit.HOURS), () -> stub.unary(MESSAGE));
			assertThat(this.server.lastCall().secondsLeft()).isBetween(7100L, 7200L);
			inContext(Deadline.after(2, TimeUnit.HOURS), () -> stub.unary(MESSAGE));
			assertThat(this.server.lastCall().secondsLeft()).isBetween(3500L, 3600L);
		}, "deadline=2h", "deadline-margin=1h");
	}

	@Test
	void aCallWithinTheMarginIsNotMade() {
		run((stub) -> inContext(Deadline.after(30, TimeUnit.MINUTES),
				() -> assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> stub.unary(MESSAGE))
					.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED))
					.withMessageContaining(
							"strand.testing.Echo/Unary was not called on channel 'default': the call being"
									+ " served ends in ")
					.withMessageEndingWith(" ms, within the deadline-margin of 3600000 ms")),
				"deadline-margin=1h");
		assertThat(this.server.calls()).isEmpty();
	}

	@Test
	void aCallThatWaitsForReadyIsAnsweredByAServerThatStartsLater() throws Exception {
		int port = FreePort.find();
		run((stub) -> {
			EchoGrpc.EchoFutureStub calls = EchoGrpc.newFutureStub(stub.getChannel());
			Future<Message> waiting = calls.unary(MESSAGE);
			// the connection has failed, and others do not wait for another
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> read(stub.serverStream(MESSAGE)))
				.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
			assertThat(waiting).isNotDone();
			try (RecordingServer late = RecordingServer
				.start(NettyServerBuilder.forPort(port, InsecureServerCredentials.create()), new EchoService())) {
				assertThat(waiting).succeedsWithin(20, TimeUnit.SECONDS).isEqualTo(MESSAGE);
				assertThat(late.calls()).hasSize(1);
			}
		}, "target=localhost:" + port, UNARY + "wait-for-ready=true");
	}

	private static void inContext(Deadline deadline, Runnable calls) {
		ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
		try (Context.CancellableContext context = Context.current().withDeadline(deadline, timer)) {
			context.run(calls);
		}
		finally {
			timer.shutdownNow();
		}
	}

	private static void read(Iterator<Message> stream) {
		stream.forEachRemaining((message) -> assertThat(message).isEqualTo(MESSAGE));
	}

	private void run(Consumer<EchoBlockingStub> calls, String... properties) {
		run((stub, context) -> calls.accept(stub), properties);
	}

	private void run(BiConsumer<EchoBlockingStub, ApplicationContext> calls, String... properties) {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.default.target=" + this.server.target())
			.withPropertyValues(Stream.of(properties)
				.map((property) -> "strand.client.channels.default." + property)
				.toArray(String[]::new))
			.withBean(Caller.class)
			.run((context) -> calls.accept(context.getBean(Caller.class).stub, context));
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

}
