package io.strand.grpc.server.tls;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.strand.grpc.call.LineQuota;
import io.strand.grpc.call.LogText;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Logs what is wrong with the connections of a port, a few of each kind in a second:
 * anybody can make as many as they like. Thread-safe.
 */
final class ConnectionLog {

	private static final Log logger = LogFactory.getLog(ConnectionLog.class);

	private final Map<String, LineQuota> quotas = new ConcurrentHashMap<>();

	/**
	 * Logs, or counts what is not logged.
	 * @param kind what is wrong, in words, of few different ones
	 * @param connection where it is
	 * @param message what to say of it
	 */
	void warn(String kind, Channel connection, Supplier<String> message) {
		LineQuota quota = this.quotas.computeIfAbsent(kind, (name) -> new LineQuota(
				(leftOut) -> logger.warn("%d more gRPC connections were refused: %s".formatted(leftOut, name))));
		if (quota.tryTake()) {
			logger.warn("gRPC connection from %s to %s refused. %s".formatted(LogText.peer(connection.remoteAddress()),
					connection.localAddress(), LogText.of(message.get())));
		}
	}

}
