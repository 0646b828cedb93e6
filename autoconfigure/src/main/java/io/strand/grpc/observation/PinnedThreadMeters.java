package io.strand.grpc.observation;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.strand.grpc.thread.CallThreads;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingStream;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Measures how long the virtual threads of calls waited without letting go of the
 * platform threads that carried them, as the JDK Flight Recorder tells, a second or so
 * later. It records from the first registry on until it is closed. Thread-safe.
 */
public final class PinnedThreadMeters implements MeterBinder, AutoCloseable {

	static final String METER = ServerMeters.PREFIX + "threads.pinned";

	private static final Log logger = LogFactory.getLog(PinnedThreadMeters.class);

	private static final String EVENT = "jdk.VirtualThreadPinned";

	private static final Duration THRESHOLD = Duration.ofMillis(1);

	private final List<MeterRegistry> registries = new CopyOnWriteArrayList<>();

	private final Map<MeterRegistry, Map<String, Timer>> timers = new ConcurrentHashMap<>();

	private final ReentrantLock lock = new ReentrantLock();

	/** Guarded by the lock. */
	private @Nullable RecordingStream recording;

	@Override
	public void bindTo(MeterRegistry registry) {
		if (!CallThreads.areVirtualAvailable()) {
			logger.warn("strand.server.observation.pinned-threads=true does nothing: Java %d has no virtual threads"
				.formatted(Runtime.version().feature()));
			return;
		}
		this.registries.add(registry);
		this.lock.lock();
		try {
			if (this.recording == null) {
				this.recording = record();
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private RecordingStream record() {
		RecordingStream stream = new RecordingStream();
		stream.enable(EVENT).withThreshold(THRESHOLD).withoutStackTrace();
		stream.onEvent(EVENT, this::pinned);
		stream.setReuse(true);
		stream.startAsync();
		return stream;
	}

	private void pinned(RecordedEvent event) {
		RecordedThread thread = event.getThread();
		String method = (thread != null) ? CallThreads.methodOf(thread.getJavaName()) : null;
		if (method != null) {
			this.registries.forEach((registry) -> timer(registry, method).record(event.getDuration()));
		}
	}

	private Timer timer(MeterRegistry registry, String method) {
		return this.timers.computeIfAbsent(registry, (key) -> new ConcurrentHashMap<>())
			.computeIfAbsent(method,
					(key) -> Timer.builder(METER)
						.description("Waits of calls' virtual threads that kept their carrier threads")
						.tag("method", key)
						.register(registry));
	}

	/** Ends the recording, and takes the meters out of their registries. */
	@Override
	public void close() {
		RecordingStream ended;
		this.lock.lock();
		try {
			ended = this.recording;
			this.recording = null;
		}
		finally {
			this.lock.unlock();
		}
		if (ended != null) {
			ended.close();
		}
		this.timers.forEach((registry, of) -> of.values().forEach(registry::remove));
		this.timers.clear();
		this.registries.clear();
	}

}
