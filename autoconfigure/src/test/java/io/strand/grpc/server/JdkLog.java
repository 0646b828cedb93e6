package io.strand.grpc.server;

import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;

/**
 * All that is logged with the JDK's log, as it would be written.
 */
final class JdkLog extends Handler {

	private final SimpleFormatter formatter = new SimpleFormatter();

	private final StringBuffer text = new StringBuffer();

	@Override
	public void publish(LogRecord line) {
		this.text.append(this.formatter.format(line));
	}

	String text() {
		return this.text.toString();
	}

	@Override
	public void flush() {
	}

	@Override
	public void close() {
	}

}
