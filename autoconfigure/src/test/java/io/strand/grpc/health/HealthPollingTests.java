package io.strand.grpc.health;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.grpc.protobuf.services.HealthStatusManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

@Timeout(30)
class HealthPollingTests {

	@Test
	void whoIsInterruptedByTheStopHasNotFailed() throws Exception {
		Logger logger = (Logger) org.slf4j.LoggerFactory.getLogger(HealthPolling.class);
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		logger.addAppender(log);
		CompletableFuture<Thread> asked = new CompletableFuture<>();
		HealthPolling polling = new HealthPolling(new ServerHealth(new HealthStatusManager(), List.of("db"), true),
				Map.of("db", List.of("db")), (source) -> {
					asked.complete(Thread.currentThread());
					try {
						new CountDownLatch(1).await();
					}
					catch (InterruptedException ex) {
						throw new IllegalStateException("interrupted", ex);
					}
					throw new AssertionError("not interrupted");
				}, Duration.ofHours(1), Duration.ofHours(1));
		try {
			polling.start();
			Thread asking = asked.get(10, TimeUnit.SECONDS);
			polling.stop();
			asking.join(10_000);
			assertThat(asking.isAlive()).isFalse();
			assertThat(log.list).isEmpty();
		}
		finally {
			logger.detachAppender(log);
		}
	}

}
