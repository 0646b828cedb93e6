package io.strand.grpc.server.tls;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ConnectionLog}.
 */
@ExtendWith(OutputCaptureExtension.class)
class ConnectionLogTests {

	private final AtomicLong time = new AtomicLong(Duration.ofSeconds(100).toNanos());

	private final ConnectionLog log = new ConnectionLog(this.time::get);

	@Test
	void linesOfAKindAreFiveInASecondAndTheRestIsCounted(CapturedOutput output) {
		warn("noise", "first", 12);
		warn("rare", "other", 1);
		assertThat(lines(output, "first")).isEqualTo(5);
		assertThat(lines(output, "other")).isEqualTo(1);
		this.time.addAndGet(Duration.ofSeconds(1).toNanos());
		warn("noise", "second", 2);
		warn("rare", "other", 1);
		assertThat(lines(output, "second (7 more with noise were not logged)")).isEqualTo(1);
		assertThat(lines(output, "second")).isEqualTo(2);
		assertThat(lines(output, "not logged")).isEqualTo(1);
	}

	@Test
	void whatAClientSendsMakesNoLinesOfItsOwn(CapturedOutput output) {
		warn("noise", "one\r\ntwo\u001b[31m", 1);
		assertThat(output).contains("one??two?[31m");
	}

	private void warn(String kind, String message, int times) {
		EmbeddedChannel channel = new EmbeddedChannel();
		for (int i = 0; i < times; i++) {
			this.log.warn(kind, channel, () -> message);
		}
		channel.close();
	}

	private static long lines(CapturedOutput output, String text) {
		return output.getAll().lines().filter((line) -> line.contains(text)).count();
	}

}
