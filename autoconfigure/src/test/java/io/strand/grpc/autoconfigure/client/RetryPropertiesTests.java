package io.strand.grpc.autoconfigure.client;

import java.util.Iterator;
import java.util.function.Consumer;
import java.util.stream.Stream;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Calls that fail are made again as the properties say, and no more.
 */
@ExtendWith(LeakCheckExtension.class)
class RetryPropertiesTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").setNumber(1).build();

	private static final String UNARY = "methods[strand.testing.Echo/Unary].";

	private final FlakyEchoService service = new FlakyEchoService();

	private final RecordingServer server = RecordingServer.start(this.service);

	@AfterEach
	void close() {
		this.server.close();
	}

	@Test
	void aCallIsMadeOnceIfNothingIsSet() {
		this.service.failNext(1, Status.UNAVAILABLE);
		run((stub) -> assertFails(stub, Status.Code.UNAVAILABLE));
		assertThat(this.server.calls()).hasSize(1);
	}

	@Test
	void aCallIsMadeAgainUntilItSucceeds() {
		this.service.failNext(2, Status.UNAVAILABLE);
		run((stub) -> assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE), "retry.max-attempts=5",
				"retry.initial-backoff=1ms");
		assertThat(this.server.calls()).hasSize(3);
		assertThat(this.server.lastCall().header("grpc-previous-rpc-attempts")).isEqualTo("2");
	}

	@Test
	void aCallIsMadeNoMoreOftenThanSet() {
		this.service.failNext(100, Status.UNAVAILABLE);
		run((stub) -> assertFails(stub, Status.Code.UNAVAILABLE), "retry.max-attempts=3", "retry.initial-backoff=1ms");
		assertThat(this.server.calls()).hasSize(3);
	}

	@Test
	void fiveAttemptsAreFive() {
		this.service.failNext(100, Status.UNAVAILABLE);
		run((stub) -> assertFails(stub, Status.Code.UNAVAILABLE), "retry.max-attempts=5", "retry.initial-backoff=1ms");
		assertThat(this.server.calls()).hasSize(5);
	}

	@Test
	void otherFailuresAreFinal() {
		this.service.failNext(1, Status.INTERNAL);
		run((stub) -> assertFails(stub, Status.Code.INTERNAL), "retry.max-attempts=5");
		assertThat(this.server.calls()).hasSize(1);
	}

	@Test
	void theStatusCodesAreThoseThatAreSet() {
		this.service.failNext(1, Status.RESOURCE_EXHAUSTED);
		run((stub) -> {
			stub.unary(MESSAGE);
			assertThat(this.server.calls()).hasSize(2);
			this.service.failNext(1, Status.UNAVAILABLE);
			assertFails(stub, Status.Code.UNAVAILABLE);
			assertThat(this.server.calls()).hasSize(3);
		}, "retry.max-attempts=2", "retry.initial-backoff=1ms",
				"retry.retryable-status-codes=resource-exhausted,ABORTED");
	}

	@Test
	void aMethodGoesBeforeItsServiceAndThatBeforeTheChannel() {
		this.service.failNext(100, Status.UNAVAILABLE);
		run((stub) -> {
			assertFails(stub, Status.Code.UNAVAILABLE);
			assertThat(this.server.calls()).hasSize(4);
			Iterator<Message> stream = stub.serverStream(Message.getDefaultInstance());
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(stream::hasNext);
			assertThat(this.server.calls()).hasSize(4 + 3);
		}, "retry.max-attempts=2", "retry.initial-backoff=1ms", "methods[strand.testing.Echo].retry.max-attempts=3",
				UNARY + "retry.max-attempts=4");
	}

	@Test
	void aMethodMayBeLeftOut() {
		this.service.failNext(1, Status.UNAVAILABLE);
		run((stub) -> assertFails(stub, Status.Code.UNAVAILABLE), "retry.max-attempts=5",
				UNARY + "retry.enabled=false");
		assertThat(this.server.calls()).hasSize(1);
	}

	@Test
	void aStreamThatHasBegunIsNotMadeAgain() {
		this.service.failNext(1, Status.UNAVAILABLE);
		run((stub) -> {
			Iterator<Message> stream = stub.serverStream(MESSAGE);
			assertThat(stream.next()).isEqualTo(MESSAGE);
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(stream::hasNext);
		}, "retry.max-attempts=5", "retry.initial-backoff=1ms");
		assertThat(this.server.calls()).hasSize(1);
	}

	@Test
	void theDefaultChannelIsInherited() {
		this.service.failNext(100, Status.UNAVAILABLE);
		contexts("strand.client.channels.default.retry.initial-backoff=1ms",
				"strand.client.channels.default." + UNARY + "retry.max-attempts=4",
				"strand.client.channels.echo.target=" + this.server.target())
			.run((context) -> assertFails(context.getBean(Caller.class).stub, Status.Code.UNAVAILABLE));
		assertThat(this.server.calls()).hasSize(4);
	}

	@Test
	void failuresThrottleTheChannel() {
		this.service.failNext(100, Status.UNAVAILABLE);
		run((stub) -> {
			// 4 tokens: the first failure leaves 3, the second 2, which is half
			assertFails(stub, Status.Code.UNAVAILABLE);
			assertThat(this.server.calls()).hasSize(2);
			assertFails(stub, Status.Code.UNAVAILABLE);
			assertThat(this.server.calls()).hasSize(3);
			// 1 token; three successes bring back 3
			this.service.failNext(0, Status.UNAVAILABLE);
			Stream.generate(() -> stub.unary(MESSAGE)).limit(3).forEach((answer) -> assertThat(answer).isNotNull());
			assertThat(this.server.calls()).hasSize(6);
			this.service.failNext(1, Status.UNAVAILABLE);
			stub.unary(MESSAGE);
			assertThat(this.server.calls()).hasSize(8);
		}, "retry.max-attempts=5", "retry.initial-backoff=1ms", "retry-throttling.max-tokens=4",
				"retry-throttling.token-ratio=1");
	}

	@Test
	void callsInTheProcessAreMadeAgainToo() {
		try (RecordingServer inProcess = RecordingServer.inProcess("retry", this.service)) {
			this.service.failNext(2, Status.UNAVAILABLE);
			run((stub) -> stub.unary(MESSAGE), "target=in-process:retry", "retry.max-attempts=3",
					"retry.initial-backoff=1ms");
			assertThat(inProcess.calls()).hasSize(3);
		}
	}

	private static void assertFails(EchoBlockingStub stub, Status.Code code) {
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> stub.unary(MESSAGE))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(code));
	}

	private void run(Consumer<EchoBlockingStub> calls, String... properties) {
		contexts("strand.client.channels.default.target=" + this.server.target())
			.withPropertyValues(Stream.of(properties)
				.map((property) -> "strand.client.channels.default." + property)
				.toArray(String[]::new))
			.run((context) -> calls.accept(context.getBean(Caller.class).stub));
	}

	private static ApplicationContextRunner contexts(String... properties) {
		return ClientContext.runner().withPropertyValues(properties).withBean(Caller.class);
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

}
