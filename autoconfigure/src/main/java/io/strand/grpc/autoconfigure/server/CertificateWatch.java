package io.strand.grpc.autoconfigure.server;

import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.context.SmartLifecycle;

/**
 * Has the {@link ServerCertificates} look for those that expire soon while the
 * application runs, whether or not clients connect. Has a thread if there are any.
 * Thread-safe.
 */
class CertificateWatch implements SmartLifecycle {

	static final String THREAD = "grpc-certificates";

	/** More often than they warn, so that no day is missed for a second. */
	private static final Duration PERIOD = Duration.ofHours(1);

	private final ServerCertificates certificates;

	private final Supplier<ScheduledExecutorService> timers;

	private final AtomicReference<@Nullable ScheduledExecutorService> timer = new AtomicReference<>();

	CertificateWatch(ServerCertificates certificates) {
		this(certificates, CertificateWatch::newTimer);
	}

	/**
	 * Makes a watch that does not run.
	 * @param certificates what to look at
	 * @param timers makes what has it look, which is shut down at the stop
	 */
	CertificateWatch(ServerCertificates certificates, Supplier<ScheduledExecutorService> timers) {
		this.certificates = certificates;
		this.timers = timers;
	}

	private static ScheduledExecutorService newTimer() {
		return new ScheduledThreadPoolExecutor(1, (task) -> {
			Thread thread = new Thread(task, THREAD);
			thread.setDaemon(true);
			return thread;
		});
	}

	@Override
	public void start() {
		if (this.certificates.isEmpty()) {
			return;
		}
		ScheduledExecutorService started = this.timers.get();
		if (this.timer.compareAndSet(null, started)) {
			var unused = started.scheduleAtFixedRate(this.certificates::look, PERIOD.toMillis(), PERIOD.toMillis(),
					TimeUnit.MILLISECONDS);
		}
		else {
			started.shutdownNow();
		}
	}

	@Override
	public void stop() {
		ScheduledExecutorService stopping = this.timer.getAndSet(null);
		if (stopping != null) {
			stopping.shutdownNow();
		}
	}

	@Override
	public boolean isRunning() {
		return this.timer.get() != null;
	}

}
