package io.strand.grpc.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Calls without a deadline are told of, but not each.
 */
@ExtendWith(OutputCaptureExtension.class)
class MissingDeadlinesTests {

	private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);

	private final MissingDeadlines missing = new MissingDeadlines("stock", this.clock::get);

	@Test
	void theFirstCallOfAMethodIsToldOf(CapturedOutput output) {
		this.missing.note(EchoGrpc.getUnaryMethod());
		assertThat(output).contains("strand.testing.Echo/Unary was called without a deadline on channel 'stock'"
				+ " (calls since the last such line: 1). Call the stub by withDeadlineAfter, set strand.client.channels.stock.deadline or"
				+ " strand.client.channels.stock.methods[strand.testing.Echo/Unary].deadline, or set require-deadline"
				+ " to off where calls are meant to last.");
	}

	@Test
	void aStreamIsToldOfItsOwnProperty(CapturedOutput output) {
		this.missing.note(EchoGrpc.getBidiMethod());
		assertThat(output).contains("set strand.client.channels.stock.stream-deadline or");
	}

	@Test
	void laterCallsAreCountedAndToldOfAfterAMinute(CapturedOutput output) {
		for (int i = 0; i < 100; i++) {
			this.missing.note(EchoGrpc.getUnaryMethod());
		}
		this.clock.addAndGet(TimeUnit.SECONDS.toNanos(59));
		this.missing.note(EchoGrpc.getUnaryMethod());
		assertThat(output.toString().split("without a deadline")).hasSize(2);
		this.clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
		this.missing.note(EchoGrpc.getUnaryMethod());
		assertThat(output).contains("since the last such line: 101)");
	}

	@Test
	void eachMethodIsToldOf(CapturedOutput output) {
		this.missing.note(EchoGrpc.getUnaryMethod());
		this.missing.note(EchoGrpc.getBidiMethod());
		assertThat(output).contains("Echo/Unary was called", "Echo/Bidi was called");
	}

	@Test
	void ofManyThreadsOneTells(CapturedOutput output) {
		ConcurrentRun.of(16, (index) -> this.missing.note(EchoGrpc.getUnaryMethod())).join(Duration.ofSeconds(10));
		assertThat(output.toString().split("without a deadline")).hasSize(2);
	}

}
