package io.strand.grpc.server;

import java.util.Arrays;
import java.util.List;
import java.util.logging.Filter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

import io.strand.grpc.call.LineQuota;
import io.strand.grpc.call.LogText;
import io.strand.grpc.call.LoggedFailure;
import org.jspecify.annotations.Nullable;

/**
 * Holds back what gRPC logs of its peers: each bad frame of a client may cause a line
 * with a stack of fifty. Of each kind, {@value LineQuota#LINES_PER_SECOND} lines in a
 * second are let through, and then the count of the rest; those that are have no stack if
 * the fault is the peer's, and no control characters. Thread-safe.
 *
 * <p>
 * gRPC logs to {@code java.util.logging}, whose loggers ask a filter first, whatever
 * writes the log in the end. A filter of the application's is asked as well. What its
 * copy of Netty logs is the {@link NettyLog}'s.
 */
final class TransportLog implements Filter {

	private static final String NETTY = "io.grpc.netty.shaded.io.grpc.netty.";

	/** Those that clients can make write; kept, since the JVM does not. */
	private static final List<Logger> LOGGERS = List
		.of(NETTY + "NettyServerHandler", NETTY + "NettyServerTransport.connections", NETTY + "NettyServerStream",
				NETTY + "WriteBufferingAndExceptionHandler", NETTY + "ProtocolNegotiators", NETTY + "Utils",
				"io.grpc.internal.ServerCallImpl", "io.grpc.internal.ServerImpl", "io.grpc.internal.AbstractStream",
				"io.grpc.internal.GrpcUtil", "io.grpc.internal.TransportFrameUtil", "io.grpc.Metadata",
				"io.grpc.internal.SerializeReentrantCallsDirectExecutor", "io.grpc.internal.LogExceptionRunnable")
		.stream()
		.map(Logger::getLogger)
		.toList();

	private final Logger logger;

	private final @Nullable Filter next;

	private final LineKinds kinds = new LineKinds();

	private TransportLog(Logger logger, @Nullable Filter next) {
		this.logger = logger;
		this.next = next;
	}

	/**
	 * Guards the log of this JVM, from now on.
	 */
	static void guard() {
		for (Logger logger : LOGGERS) {
			// Two at the same time make no more of it than one inside the other
			Filter filter = logger.getFilter();
			if (!(filter instanceof TransportLog)) {
				logger.setFilter(new TransportLog(logger, filter));
			}
		}
	}

	@Override
	public boolean isLoggable(LogRecord line) {
		if (this.next != null && !this.next.isLoggable(line)) {
			return false;
		}
		if (line.getLevel().intValue() < Level.INFO.intValue()) {
			return true; // whoever asked for those wants them all
		}
		if (!this.kinds.tryTake(line.getMessage(), (leftOut) -> tell(line, leftOut))) {
			return false;
		}
		tidy(line);
		return true;
	}

	/**
	 * In the name of the same logger, and past this filter: as a line of another kind.
	 */
	private void tell(LogRecord like, String leftOut) {
		this.logger.logp(like.getLevel(), TransportLog.class.getName(), "tell", leftOut);
	}

	private static void tidy(LogRecord line) {
		String message = LogText.of(line.getMessage());
		Object[] parameters = line.getParameters();
		Throwable thrown = line.getThrown();
		if (LineKinds.isFaultOfPeer(thrown)) {
			line.setThrown(null);
			String fault = LogText.of(String.valueOf(thrown));
			message += ": " + ((parameters != null) ? fault.replace('{', '(') : fault);
		}
		else if (thrown != null) {
			line.setThrown(LoggedFailure.of(thrown));
		}
		if (parameters != null) {
			line.setParameters(Arrays.stream(parameters).map(TransportLog::tidy).toArray());
		}
		line.setMessage(message);
	}

	private static @Nullable Object tidy(@Nullable Object parameter) {
		return (parameter != null) ? LogText.of(parameter.toString()) : null;
	}

}
