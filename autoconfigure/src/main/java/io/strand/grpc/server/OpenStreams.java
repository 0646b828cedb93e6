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
 * Asks the transports of a server whether they have streams that are not over: a handler
 * has returned long before a slow client has read what it answered.
 */
final class OpenStreams {

	private static final int PAGE = 1000;

	private OpenStreams() {
	}

	/**
	 * Whether all streams of a server are over, down to the last byte written.
	 * @param server the server
	 * @return {@code false} also if that cannot be known
	 * @throws InterruptedException if the thread is interrupted while it waits
	 */
	static boolean areOver(Server server) throws InterruptedException {
		if (!(server instanceof InternalInstrumented<?> instrumented)) {
			return false;
		}
		long serverId = instrumented.getLogId().getId();
		long from = 0;
		while (true) {
			ServerSocketsList page = InternalChannelz.instance().getServerSockets(serverId, from, PAGE);
			if (page == null) {
				return true; // it has terminated meanwhile
			}
			for (InternalWithLogId socket : page.sockets) {
				if (!isQuiet(socket)) {
					return false;
				}
				from = socket.getLogId().getId() + 1;
			}
			if (page.end) {
				return true;
			}
		}
	}

	private static boolean isQuiet(InternalWithLogId socket) throws InterruptedException {
		if (!(socket instanceof InternalInstrumented<?> instrumented)) {
			return false;
		}
		try {
			// Answered by the transport's event loop
			TransportStats stats = (instrumented.getStats()
				.get(100, TimeUnit.MILLISECONDS) instanceof SocketStats known) ? known.data : null;
			return stats != null && stats.streamsStarted == stats.streamsSucceeded + stats.streamsFailed;
		}
		catch (ExecutionException | TimeoutException ex) {
			return false;
		}
	}

}
