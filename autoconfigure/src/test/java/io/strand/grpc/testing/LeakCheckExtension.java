package io.strand.grpc.testing;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

import static org.awaitility.Awaitility.await;

/**
 * Fails a test that leaves threads behind: those of calls, of servers, any other but the
 * ones that gRPC, Netty and the JVM share and keep. Threads that were there before the
 * test, such as those of a context that {@code @SpringBootTest} caches, do not count.
 */
public final class LeakCheckExtension implements BeforeEachCallback, AfterEachCallback {

	private static final Namespace NAMESPACE = Namespace.create(LeakCheckExtension.class);

	/** Kept for later or ended after a while by their owners. */
	private static final List<String> SHARED = List.of("grpc-default-boss-ELG", "grpc-default-worker-ELG",
			"grpc-default-executor", "grpc-shared-destroyer", "grpc-timer", "globalEventExecutor",
			// of the JVM
			"ForkJoinPool", "CompletableFutureDelayScheduler", "VirtualThread-", "Read-Poller", "Write-Poller",
			"Master-Poller", "process reaper", "Attach Listener", "Notification Thread", "Common-Cleaner", "Cleaner-",
			"Keep-Alive-Timer", "HttpClient-", "JFR ",
			// of the Prometheus client, one for the JVM
			"prometheus-metrics-scheduler",
			// of OpenTelemetry, which end when they next look
			"BatchSpanProcessor", "BatchLogRecordProcessor", "PeriodicMetricReader",
			// of test tools
			"awaitility", "junit-", "surefire", "ThreadedStreamConsumer");

	private final Duration patience;

	public LeakCheckExtension() {
		this(Duration.ofSeconds(10));
	}

	LeakCheckExtension(Duration patience) {
		this.patience = patience;
	}

	@Override
	public void beforeEach(ExtensionContext context) {
		context.getStore(NAMESPACE).put(context.getUniqueId(), Set.copyOf(LiveThreads.names().keySet()));
	}

	@Override
	@SuppressWarnings("unchecked")
	public void afterEach(ExtensionContext context) {
		checkNoneSince((Set<Long>) context.getStore(NAMESPACE).remove(context.getUniqueId(), Set.class));
	}

	void checkNoneSince(Set<Long> before) {
		try {
			await().atMost(this.patience)
				.pollDelay(Duration.ZERO)
				.pollInterval((count, previous) -> Duration.ofMillis(Math.min(2L * count, 50)))
				.until(() -> leftSince(before), Collection::isEmpty);
		}
		catch (ConditionTimeoutException ex) {
			throw new AssertionError("The test left threads behind: " + leftSince(before), ex);
		}
	}

	private static Collection<String> leftSince(Set<Long> before) {
		Map<Long, String> left = new TreeMap<>(LiveThreads.names());
		left.keySet().removeAll(before);
		left.values().removeIf((name) -> SHARED.stream().anyMatch(name::startsWith));
		if (!left.isEmpty() && isServerOfBeforeRunning(before)) {
			// On Java 17 its pool keeps the threads of past calls for a minute
			left.keySet().removeAll(LiveThreads.idleInPool());
		}
		return left.values();
	}

	private static boolean isServerOfBeforeRunning(Set<Long> before) {
		Map<Long, String> live = LiveThreads.names();
		live.keySet().retainAll(before);
		return live.containsValue("grpc-server-await");
	}

}
