package io.strand.grpc.call;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.SocketAddress;

import io.grpc.inprocess.InProcessSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link LogText} and {@link LoggedFailure}.
 */
class LogTextTests {

	@Test
	void harmlessTextIsLeftAsItIs() {
		String text = "Größe „groß“ 大きい {0} %s \\n";
		assertThat(LogText.of(text)).isSameAs(text);
		assertThat(LogText.of(null)).isEqualTo("null");
	}

	@ParameterizedTest
	@CsvSource({ "000a, \\n", "000d, \\r", "0009, \\t", "001b, \\u001b", "0000, \\u0000", "007f, \\u007f",
			"0085, \\u0085", "2028, \\u2028", "2029, \\u2029", "202e, \\u202e", "feff, \\ufeff" })
	void whatIsNoTextIsEscaped(String hex, String escaped) {
		char character = (char) Integer.parseInt(hex, 16);
		assertThat(LogText.of("a" + character + "b")).isEqualTo("a" + escaped + "b");
	}

	@Test
	void peerIsNamedWithoutControlCharacters() {
		SocketAddress peer = new InProcessSocketAddress("far\naway");
		assertThat(LogText.peer(peer)).contains("far\\naway").doesNotContain("\n");
		assertThat(LogText.peer(null)).isEqualTo("unknown");
	}

	@Test
	void longTextIsCut() {
		String text = "\n".repeat(LogText.MAX_LENGTH + 1);
		assertThat(LogText.of(text)).hasSizeLessThan(2 * LogText.MAX_LENGTH + 30).endsWith("\\n… (1001 characters)");
		assertThat(LogText.of("x".repeat(5000))).endsWith("x… (5000 characters)").hasSizeLessThan(1030);
	}

	@Test
	void exceptionWithoutControlCharactersIsLoggedItself() {
		Exception plain = new IllegalStateException("no good", new IllegalArgumentException("nor this"));
		assertThat(LoggedFailure.of(plain)).isSameAs(plain);
	}

	@Test
	void exceptionWithControlCharactersIsLoggedWithoutThem() {
		Exception cause = new IllegalArgumentException("bad name 'x'\n2026-01-01 ERROR forged");
		Exception thrown = new IllegalStateException("no good", cause);
		thrown.addSuppressed(new IllegalStateException("\u001b[31m"));
		StringWriter log = new StringWriter();
		LoggedFailure.of(thrown).printStackTrace(new PrintWriter(log, true));
		assertThat(log.toString().lines()).noneMatch((line) -> line.startsWith("2026"))
			.anyMatch((line) -> line.equals("java.lang.IllegalStateException: no good"))
			.anyMatch((line) -> line.startsWith("Caused by: java.lang.IllegalArgumentException: bad name 'x'\\n2026"))
			.anyMatch((line) -> line.contains("Suppressed: java.lang.IllegalStateException: \\u001b[31m"))
			.anyMatch((line) -> line.contains("at io.strand.grpc.call.LogTextTests"));
	}

	@Test
	void exceptionThatIsItsOwnCauseIsLogged() {
		Exception first = new IllegalStateException("first\n");
		Exception second = new IllegalStateException("second\n", first);
		first.initCause(second);
		assertThat(LoggedFailure.of(first)).hasMessage("java.lang.IllegalStateException: first\\n");
	}

}
