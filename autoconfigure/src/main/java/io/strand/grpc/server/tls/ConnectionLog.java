package io.strand.grpc.server.tls;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import io.grpc.netty.shaded.io.netty.channel.Channel;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Logs what is wrong with connections, a few of each kind in a second: anybody can make
 * as many as they like. Thread-safe.
 */
final class ConnectionLog {

	static final int LINES_PER_SECOND = 5;

	private static final Log logger = LogFactory.getLog(ConnectionLog.class);

	private final LongSupplier nanoTime;

	private final Map<String, Kind> kinds = new ConcurrentHashMap<>();

	ConnectionLog() {
		this(System::nanoTime);
	}

	ConnectionLog(LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
	}

	/**
	 * Logs, or counts what is not logged.
	 * @param kind what happened, in words, of few different ones
	 * @param connection where it happened
	 * @param message what to say of it
	 */
	void warn(String kind, Channel connection, Supplier<String> message) {
		long omitted = this.kinds.computeIfAbsent(kind, (name) -> new Kind()).take(this.nanoTime.getAsLong());
		if (omitted >= 0) {
			String before = (omitted > 0) ? " (%d more with %s were not logged)".formatted(omitted, kind) : "";
			logger.warn("gRPC connection from %s to %s refused. %s%s".formatted(connection.remoteAddress(),
					connection.localAddress(), printable(message.get()), before));
		}
	}

	/** What a client sends must not make lines of its own. */
	private static String printable(String text) {
		return text.replaceAll("\\p{Cntrl}", "?");
	}

	private static final class Kind {

		private final ReentrantLock lock = new ReentrantLock();

		// Guarded by the lock, which is never held for long

		private long second = Long.MIN_VALUE;

		private int lines;

		private long omitted;

		/**
		 * Asks to log a line.
		 * @param nanos what time it is
		 * @return how many were omitted since the last line, or -1 to omit this one
		 */
		long take(long nanos) {
			this.lock.lock();
			try {
				long now = TimeUnit.NANOSECONDS.toSeconds(nanos);
				if (now != this.second) {
					this.second = now;
					this.lines = 0;
				}
				if (this.lines == LINES_PER_SECOND) {
					this.omitted++;
					return -1;
				}
				this.lines++;
				long before = this.omitted;
				this.omitted = 0;
				return before;
			}
			finally {
				this.lock.unlock();
			}
		}

	}

}
