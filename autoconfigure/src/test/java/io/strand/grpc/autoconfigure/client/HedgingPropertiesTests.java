package io.strand.grpc.autoconfigure.client;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Calls are made again beside an attempt that does not answer.
 */
@ExtendWith(LeakCheckExtension.class)
class HedgingPropertiesTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private final Stuck service = new Stuck();

	private final RecordingServer server = RecordingServer.start(this.service);

	@AfterEach
	void close() {
		this.server.close();
	}

	@Test
	void theSecondAttemptAnswersWhileTheFirstIsStuck() {
		this.service.stuck.set(1);
		run((stub) -> {
			assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE);
			assertThat(this.server.calls()).hasSize(2);
			assertThat(this.service.cancelled()).isTrue();
		}, "hedging.max-attempts=2", "hedging.delay=1ms");
	}

	@Test
	void asManyAttemptsAreMadeAsSet() {
		this.service.stuck.set(3);
		run((stub) -> assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE), "hedging.max-attempts=4", "hedging.delay=0");
		assertThat(this.server.calls()).hasSize(4);
	}

	@Test
	void anAnswerInTimeIsTheOnlyOne() {
		run((stub) -> stub.unary(MESSAGE), "hedging.max-attempts=5", "hedging.delay=1h");
		assertThat(this.server.calls()).hasSize(1);
	}

	@Test
	void aFatalFailureEndsTheCall() {
		this.service.failures.set(1);
		run((stub) -> assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> stub.unary(MESSAGE))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE)),
				"hedging.max-attempts=5", "hedging.delay=1h");
		assertThat(this.server.calls()).hasSize(1);
	}

	@Test
	void anotherFailureDoesNot() {
		this.service.failures.set(1);
		run((stub) -> assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE), "hedging.max-attempts=2",
				"hedging.delay=20ms", "hedging.non-fatal-status-codes=UNAVAILABLE");
		assertThat(this.server.calls()).hasSize(2);
	}

	@Test
	void aMethodIsHedgedWhereTheChannelRetries() {
		this.service.stuck.set(1);
		run((stub) -> assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE), "hedging.max-attempts=2",
				"hedging.delay=1ms");
		assertThat(this.server.calls()).hasSize(2);
	}

	private void run(Consumer<EchoBlockingStub> calls, String... properties) {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.default.target=" + this.server.target(),
					"strand.client.channels.default.retry.max-attempts=5")
			.withPropertyValues(Stream.of(properties)
				.map((property) -> "strand.client.channels.default.methods[strand.testing.Echo/Unary]." + property)
				.toArray(String[]::new))
			.withBean(Caller.class)
			.run((context) -> calls.accept(context.getBean(Caller.class).stub));
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	/**
	 * Leaves some calls without an answer, fails some, and answers the others.
	 */
	static class Stuck extends EchoService {

		final AtomicInteger stuck = new AtomicInteger();

		final AtomicInteger failures = new AtomicInteger();

		private final CountDownLatch cancelled = new CountDownLatch(1);

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			if (this.stuck.getAndDecrement() > 0) {
				((ServerCallStreamObserver<Message>) responses).setOnCancelHandler(this.cancelled::countDown);
			}
			else if (this.failures.getAndDecrement() > 0) {
				responses.onError(Status.UNAVAILABLE.asRuntimeException());
			}
			else {
				super.unary(request, responses);
			}
		}

		boolean cancelled() {
			try {
				return this.cancelled.await(10, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				return false;
			}
		}

	}

}
