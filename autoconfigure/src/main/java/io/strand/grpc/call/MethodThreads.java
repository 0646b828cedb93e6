package io.strand.grpc.call;

import java.time.Duration;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.locks.ReentrantLock;

import io.strand.grpc.thread.CallThreads;
import org.jspecify.annotations.Nullable;

/**
 * Where the methods of a server get their threads: virtual ones named after the method,
 * or those of one bounded pool. Thread-safe.
 */
final class MethodThreads implements AutoCloseable {

	/** How long a handler may keep an event loop busy before it is logged. */
	private static final Duration BLOCKED_LIMIT = Duration.ofMillis(100);

	private final boolean virtualByDefault;

	private final int maxPlatformThreads;

	private final EventLoopWatch watch = new EventLoopWatch(BLOCKED_LIMIT);

	private final ReentrantLock poolLock = new ReentrantLock();

	/** Guarded by {@link #poolLock}. */
	private @Nullable ThreadPoolExecutor pool;

	MethodThreads(boolean virtualByDefault, int maxPlatformThreads) {
		this.virtualByDefault = virtualByDefault && CallThreads.areVirtualAvailable();
		this.maxPlatformThreads = maxPlatformThreads;
	}

	boolean isVirtualByDefault() {
		return this.virtualByDefault;
	}

	CallThreads of(Threading threading, String fullMethodName) {
		return switch (threading) {
			case AUTO -> this.virtualByDefault ? virtual(fullMethodName) : platform();
			case VIRTUAL -> virtual(fullMethodName);
			case PLATFORM -> platform();
			case EVENT_LOOP -> CallThreads.pooled(this.watch.executor(fullMethodName));
		};
	}

	private static CallThreads virtual(String fullMethodName) {
		return CallThreads.virtual(CallThreads.nameFor(fullMethodName));
	}

	private CallThreads platform() {
		this.poolLock.lock();
		try {
			if (this.pool == null) {
				this.pool = CallThreads.platformPool("grpc-call-", this.maxPlatformThreads);
			}
			return CallThreads.pooled(this.pool);
		}
		finally {
			this.poolLock.unlock();
		}
	}

	@Override
	public void close() {
		this.watch.close();
		this.poolLock.lock();
		try {
			if (this.pool != null) {
				CallThreads.stop(this.pool);
			}
		}
		finally {
			this.poolLock.unlock();
		}
	}

}
