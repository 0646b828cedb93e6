package io.strand.grpc.autoconfigure.observation;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.strand.grpc.observation.PinnedThreadMeters;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestClient;
import jdk.jfr.consumer.RecordingStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What the Flight Recorder tells of threads that keep their carriers.
 */
@ExtendWith(LeakCheckExtension.class)
@EnabledForJreRange(min = JRE.JAVA_21)
class PinnedThreadMetersTests {

	private final MeterRegistry registry = new SimpleMeterRegistry();

	private final EchoHandlers handlers = new EchoHandlers();

	private final ApplicationContextRunner runner = ObservedServer.runner()
		.withBean(EchoHandlers.class, () -> this.handlers);

	/** The threads of the recorder stay for as long as the JVM runs. */
	@BeforeAll
	static void startRecorder() {
		try (RecordingStream stream = new RecordingStream()) {
			stream.startAsync();
		}
	}

	@Test
	void virtualThreadsThatPinTheirCarriers() {
		this.handlers.unary((request, responses) -> {
			Pinning.touch();
			EchoHandlers.echo(request, responses);
		});
		this.runner.withPropertyValues("strand.server.observation.pinned-threads=true").run((context) -> {
			context.getBean(PinnedThreadMeters.class).bindTo(this.registry);
			try (TestClient client = ObservedServer.client(context)) {
				client.echo("hello");
				await().atMost(Duration.ofSeconds(60))
					.until(() -> this.registry.find("strand.server.threads.pinned").timer() != null);
				assertThat(this.registry.get("strand.server.threads.pinned")
					.tag("method", "strand.testing.Echo/Unary")
					.timer()
					.totalTime(TimeUnit.MILLISECONDS)).isGreaterThan(20);
			}
		});
		assertThat(this.registry.getMeters()).isEmpty();
	}

	/** A thread that waits while it makes a class keeps its carrier. */
	private static final class Pinning {

		static {
			try {
				Thread.sleep(50);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

		static void touch() {
		}

	}

}
