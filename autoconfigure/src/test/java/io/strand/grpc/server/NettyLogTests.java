package io.strand.grpc.server;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.Collectors;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.grpc.netty.shaded.io.netty.util.internal.logging.InternalLogLevel;
import io.grpc.netty.shaded.io.netty.util.internal.logging.InternalLogger;
import io.grpc.netty.shaded.io.netty.util.internal.logging.InternalLoggerFactory;
import io.grpc.netty.shaded.io.netty.util.internal.logging.JdkLoggerFactory;
import io.grpc.netty.shaded.io.netty.util.internal.logging.Slf4JLoggerFactory;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.testing.LeakCheckExtension;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;

import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link NettyLog}, with each of the logs that Netty may write to.
 */
@ExtendWith(LeakCheckExtension.class)
class NettyLogTests {

	private static final String NAME = "io.grpc.netty.shaded.io.netty.handler.codec.http2.SomeDecoder";

	private static final Function<String, InternalLogger> SLF4J = new Slf4JLoggerFactory()::newInstance;

	private static final Function<String, InternalLogger> JDK = new JdkLoggerFactory()::newInstance;

	private final Logger slf4j = (Logger) LoggerFactory.getLogger(NAME);

	private final java.util.logging.Logger jdk = java.util.logging.Logger.getLogger(NAME);

	private final ListAppender<ILoggingEvent> slf4jLines = new ListAppender<>();

	private final JdkLog jdkLines = new JdkLog();

	@BeforeEach
	void listen() {
		this.slf4jLines.list = new CopyOnWriteArrayList<>(); // the count is told by
																// another thread
		this.slf4jLines.start();
		this.slf4j.setLevel(Level.INFO);
		this.slf4j.addAppender(this.slf4jLines);
		this.jdk.addHandler(this.jdkLines);
	}

	@AfterEach
	void restore() {
		this.slf4j.detachAppender(this.slf4jLines);
		this.slf4j.setLevel(null);
		this.jdk.removeHandler(this.jdkLines);
	}

	@Test
	void serverGivesNettyGuardedLoggersAndGrpcsTransportItsOwn() {
		try (CallEngine engine = new CallEngine((method) -> HandlerSettings.DEFAULT, true, 10)) {
			new GrpcServer(new GrpcServerSettings(-1, null, null, null, null, null, null, Duration.ZERO, Duration.ZERO),
					List.of(), (builder) -> {
					}, engine, (event) -> {
					});
		}
		flood(InternalLoggerFactory.getInstance(NAME));
		await().untilAsserted(() -> assertThat(slf4jText()).contains("were left out"));
		assertThat(slf4jText().lines().filter((line) -> line.contains("ignoring DATA frame"))).hasSizeBetween(5, 15);
		String transport = "io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler";
		assertThat(InternalLoggerFactory.getInstance(transport)).hasSameClassAs(SLF4J.apply(transport));
	}

	@Test
	void floodIsLeftOutAndCountedInSlf4j() {
		flood(new NettyLog(SLF4J).newInstance(NAME));
		await()
			.untilAsserted(() -> assertThat(slf4jText()).contains("Lines like this were left out: {} ignoring {} f…"));
		assertThat(slf4jText().lines().filter((line) -> line.contains("ignoring DATA frame"))).hasSizeBetween(5, 15);
	}

	@Test
	void floodIsLeftOutAndCountedInTheJdksLog() {
		flood(new NettyLog(JDK).newInstance(NAME));
		await().untilAsserted(
				() -> assertThat(this.jdkLines.text()).contains("Lines like this were left out: {} ignoring {} f…"));
		assertThat(this.jdkLines.text().lines().filter((line) -> line.contains("ignoring DATA frame")))
			.hasSizeBetween(5, 15);
	}

	private static void flood(InternalLogger logger) {
		for (int i = 0; i < 500; i++) {
			logger.info("{} ignoring {} frame for stream {}", "channel", "DATA", i);
		}
	}

	@Test
	void controlCharactersAreEscapedAndAFaultOfThePeerHasNoStack() {
		InternalLogger logger = new NettyLog(SLF4J).newInstance(NAME);
		logger.warn("one\nforged");
		logger.warn("two {}", "x\nforged");
		logger.error("three {} {}", "x", "y\nforged");
		logger.log(InternalLogLevel.WARN, "four", new IllegalStateException("a\nforged"));
		logger.warn("five", new IOException("reset\nforged"));
		logger.warn(new IllegalStateException("six\nforged"));
		assertThat(this.slf4jLines.list).extracting(ILoggingEvent::getFormattedMessage)
			.containsExactly("one\\nforged", "two x\\nforged", "three x y\\nforged", "four",
					"five: java.io.IOException: reset\\nforged", "Unexpected exception:");
		assertThat(this.slf4jLines.list.get(3).getThrowableProxy().getMessage()).contains("a\\nforged");
		assertThat(this.slf4jLines.list.get(4).getThrowableProxy()).isNull();
		assertThat(this.slf4jLines.list.get(5).getThrowableProxy().getMessage()).contains("six\\nforged");
	}

	@Test
	void linesThatSomebodyAskedForAreAllWritten() {
		this.slf4j.setLevel(Level.DEBUG);
		InternalLogger logger = new NettyLog(SLF4J).newInstance(NAME);
		assertThat(logger.isDebugEnabled()).isTrue();
		assertThat(logger.isTraceEnabled()).isFalse();
		assertThat(logger.name()).isEqualTo(NAME);
		for (int i = 0; i < 20; i++) {
			logger.debug("wanted {}", i);
			logger.log(InternalLogLevel.DEBUG, "wanted {}", i);
		}
		assertThat(this.slf4jLines.list).hasSize(40);
	}

	@Test
	void nativeImagesHaveTheProxy() {
		RuntimeHints hints = new RuntimeHints();
		new NettyLog.Hints().registerHints(hints, null);
		assertThat(RuntimeHintsPredicates.proxies().forInterfaces(InternalLogger.class)).accepts(hints);
	}

	private String slf4jText() {
		return this.slf4jLines.list.stream().map(ILoggingEvent::getFormattedMessage).collect(Collectors.joining("\n"));
	}

}
