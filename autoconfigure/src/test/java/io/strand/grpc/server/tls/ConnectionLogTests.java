package io.strand.grpc.server.tls;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link ConnectionLog}.
 */
@ExtendWith(OutputCaptureExtension.class)
class ConnectionLogTests {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final Pattern REST = Pattern.compile("(\\d+) more gRPC connections were refused: noise");

	private final ConnectionLog log = new ConnectionLog();

	@Test
	void linesOfAKindAreFewAndTheRestIsCounted(CapturedOutput output) {
		warn("noise", "loud", 1000);
		warn("rare", "other", 1);
		assertThat(output).contains("refused. other");
		await().atMost(PATIENCE).untilAsserted(() -> assertThat(lines(output) + rest(output)).isEqualTo(1000));
		// The second may have changed meanwhile
		assertThat(lines(output)).isBetween(5L, 50L);
	}

	private static long lines(CapturedOutput output) {
		return output.getAll().lines().filter((line) -> line.contains("refused. loud")).count();
	}

	private static long rest(CapturedOutput output) {
		long rest = 0;
		for (Matcher matcher = REST.matcher(output); matcher.find();) {
			rest += Long.parseLong(matcher.group(1));
		}
		return rest;
	}

	@Test
	void whatAClientSendsMakesNoLinesOfItsOwn(CapturedOutput output) {
		warn("noise", "one\r\ntwo\u001b[31m", 1);
		assertThat(output).contains("one\\r\\ntwo\\u001b[31m");
	}

	private void warn(String kind, String message, int times) {
		EmbeddedChannel channel = new EmbeddedChannel();
		for (int i = 0; i < times; i++) {
			this.log.warn(kind, channel, () -> message);
		}
		channel.close();
	}

}
