package io.strand.grpc.sample.tour;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import org.slf4j.LoggerFactory;

/**
 * Takes what the call engine logs as a warning or worse, for as long as it is open, so
 * that lines that a step causes on purpose are counted and frighten nobody. Thread-safe.
 */
final class LogWatch extends AppenderBase<ILoggingEvent> implements AutoCloseable {

	private final Logger logger = (Logger) LoggerFactory.getLogger("io.strand.grpc.call");

	private final Queue<String> lines = new ConcurrentLinkedQueue<>();

	private LogWatch() {
	}

	static LogWatch open() {
		LogWatch watch = new LogWatch();
		watch.setContext(watch.logger.getLoggerContext());
		watch.start();
		watch.logger.addAppender(watch);
		watch.logger.setAdditive(false);
		return watch;
	}

	@Override
	protected void append(ILoggingEvent event) {
		if (event.getLevel().isGreaterOrEqual(Level.WARN)) {
			this.lines.add(event.getFormattedMessage());
		}
	}

	/**
	 * The lines about a method.
	 * @param method its full name
	 * @return the lines until now
	 */
	List<String> about(String method) {
		return this.lines.stream().filter((line) -> line.contains(method)).toList();
	}

	@Override
	public void close() {
		this.logger.setAdditive(true);
		this.logger.detachAppender(this);
		stop();
	}

}
