package io.strand.grpc.server;

import java.time.Duration;
import java.util.List;
import java.util.logging.Filter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.RawConnection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link TransportLog}: what clients that send bad frames make the server log.
 */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class TransportLogTests {

	private static final String HANDLER = "io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler";

	private final CallEngine engine = new CallEngine((method) -> HandlerSettings.DEFAULT, true, 10);

	private final GrpcServer server = new GrpcServer(
			new GrpcServerSettings(0, "127.0.0.1", null, null, null, null, null, Duration.ofSeconds(5), Duration.ZERO),
			List.of(new EchoHandlers().bindService()), (builder) -> {
			}, this.engine, (event) -> {
			});

	private final JdkLog output = new JdkLog();

	@BeforeEach
	void start() {
		Logger.getLogger("").addHandler(this.output);
		this.server.start();
	}

	@AfterEach
	void stop() {
		this.server.stop();
		this.engine.close();
		Logger.getLogger("").removeHandler(this.output);
	}

	@Test
	void floodOfBadMessagesIsLoggedInAFewShortLines() throws Exception {
		try (RawConnection client = RawConnection.open(this.server.getPort())) {
			for (int i = 0; i < 500; i++) {
				int stream = client.headers("strand.testing.Echo/Bidi");
				// The length of a message that is larger than any may be
				client.write(RawConnection.DATA, RawConnection.END_STREAM, stream, (byte) 0, (byte) 0x7F, (byte) 0,
						(byte) 0, (byte) 0);
				client.read(RawConnection.HEADERS);
			}
		}
		await().untilAsserted(
				() -> assertThat(this.output.text()).contains("Lines like this were left out: Exception proces…"));
		assertThat(this.output.text().lines().filter((line) -> line.contains("Exception processing message: ")))
			.hasSizeBetween(5, 50);
		assertThat(this.output.text()).contains("RESOURCE_EXHAUSTED: gRPC message exceeds maximum size")
			.doesNotContain("\tat io.grpc.");
	}

	@Test
	void floodOfBadFramesIsLoggedInAFewShortLines() throws Exception {
		for (int connections = 0; connections < 50; connections++) {
			try (RawConnection client = RawConnection.open(this.server.getPort())) {
				for (int i = 0; i < 5; i++) {
					int stream = client.headers("strand.testing.Echo/Bidi");
					client.write(RawConnection.WINDOW_UPDATE, 0, stream, RawConnection.intPayload(0));
				}
				client.write(RawConnection.SETTINGS, 0, 0, new byte[3]);
				client.awaitClosed();
			}
		}
		await().untilAsserted(
				() -> assertThat(this.output.text()).contains("Lines like this were left out: Stream Error"));
		assertThat(this.output.text().lines().filter((line) -> line.contains("Stream Error"))).hasSizeBetween(1, 50);
		assertThat(this.output.text()).doesNotContain("\tat io.grpc.");
		assertThat(this.output.text().length()).isLessThan(30_000);
	}

	@Test
	void controlCharactersOfAClientReachNoLine() throws Exception {
		for (String[] header : new String[][] { { "x-\nforged", "name" }, { "te", "\nforged" },
				{ "content-type", "\nforged" }, { "grpc-timeout", "\nforged" }, { "x-bin", "\nforged" } }) {
			try (RawConnection client = RawConnection.open(this.server.getPort())) {
				client.headers("strand.testing.Echo/\nforged path", header);
				client.read();
			}
		}
		await().untilAsserted(() -> assertThat(this.output.text()).contains("Stream Error"));
		assertThat(this.output.text().lines()).noneMatch((line) -> line.startsWith("forged"));
	}

	@Test
	void kindsHaveQuotasOfTheirOwnAndTheApplicationsFilterIsAsked() {
		Logger logger = Logger.getLogger(HANDLER);
		Filter guarding = logger.getFilter();
		try {
			logger.setFilter((line) -> !line.getMessage().startsWith("unwanted"));
			TransportLog.guard();
			Filter filter = logger.getFilter();
			TransportLog.guard();
			assertThat(logger.getFilter()).isSameAs(filter);
			assertThat(filter.isLoggable(line("unwanted"))).isFalse();
			for (int i = 0; i < 5; i++) {
				assertThat(filter.isLoggable(line("one kind of line, with more " + i))).isTrue();
				assertThat(filter.isLoggable(line("another kind of line"))).isTrue();
			}
			assertThat(filter.isLoggable(new LogRecord(Level.FINE, "one kind of line, wanted"))).isTrue();
		}
		finally {
			logger.setFilter(guarding);
		}
	}

	@Test
	void failureThatIsNotThePeersKeepsItsStackAndParametersAreEscaped() {
		Filter filter = Logger.getLogger(HANDLER).getFilter();
		LogRecord bug = line("a\nbug {0}");
		bug.setThrown(new IllegalStateException("of our own"));
		bug.setParameters(new Object[] { "a\nb" });
		assertThat(filter.isLoggable(bug)).isTrue();
		assertThat(bug.getMessage()).isEqualTo("a\\nbug {0}");
		assertThat(bug.getThrown()).hasMessage("of our own");
		assertThat(bug.getParameters()).containsExactly("a\\nb");
	}

	private static LogRecord line(String message) {
		LogRecord line = new LogRecord(Level.WARNING, message);
		line.setLoggerName(HANDLER);
		return line;
	}

}
