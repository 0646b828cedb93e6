package io.strand.grpc.server;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.grpc.InternalChannelz;
import io.grpc.InternalChannelz.ServerSocketsList;
import io.grpc.InternalChannelz.SocketStats;
import io.grpc.InternalChannelz.TransportStats;
import io.grpc.InternalInstrumented;
import io.grpc.InternalWithLogId;
import io.grpc.Server;

/**
 * Asks the transports of a server for the streams that are not over: a handler has
 * returned long before a slow client has read what it answered.
 */
final class OpenStreams {

	private static final int PAGE = 1000;

	/** More than there can be: there may be some, and nobody knows. */
	private static final long UNKNOWN = Integer.MAX_VALUE;

	private OpenStreams() {
	}

	/**
	 * How many streams of a server are not over, down to the last byte written. Those
	 * inside the process are over as soon as they are answered, and not counted.
	 * @param server the server
	 * @return their number; a very large one if that cannot be known
	 * @throws InterruptedException if the thread is interrupted while it waits
	 */
	static long count(Server server) throws InterruptedException {
		if (!(server instanceof InternalInstrumented<?> instrumented)) {
			return UNKNOWN;
		}
		long serverId = instrumented.getLogId().getId();
		long open = 0;
		long from = 0;
		while (true) {
			ServerSocketsList page = InternalChannelz.instance().getServerSockets(serverId, from, PAGE);
			if (page == null) {
				return 0; // it has terminated meanwhile
			}
			for (InternalWithLogId socket : page.sockets) {
				open += countOf(socket);
				from = socket.getLogId().getId() + 1;
			}
			if (page.end) {
				return open;
			}
		}
	}

	private static long countOf(InternalWithLogId socket) throws InterruptedException {
		if (!(socket instanceof InternalInstrumented<?> instrumented)) {
			return UNKNOWN;
		}
		try {
			// Answered by the transport's event loop; inside the process there are none
			Object stats = instrumented.getStats().get(100, TimeUnit.MILLISECONDS);
			return (stats != null) ? countOf(stats) : 0;
		}
		catch (ExecutionException | TimeoutException ex) {
			return UNKNOWN;
		}
	}

	private static long countOf(Object stats) {
		TransportStats streams = (stats instanceof SocketStats socket) ? socket.data : null;
		return (streams != null) ? streams.streamsStarted - streams.streamsSucceeded - streams.streamsFailed : UNKNOWN;
	}

}
