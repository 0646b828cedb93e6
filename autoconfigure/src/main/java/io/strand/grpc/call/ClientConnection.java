package io.strand.grpc.call;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import io.grpc.Attributes;
import io.grpc.ClientTransportFilter;
import org.jspecify.annotations.Nullable;

/**
 * A connection of a client: tells its streams when it is lost. Thread-safe.
 */
final class ClientConnection {

	private static final Attributes.Key<ClientConnection> KEY = Attributes.Key.create("io.strand.grpc.connection");

	private final @Nullable ConnectionStreams ends;

	private final Set<Runnable> streams = ConcurrentHashMap.newKeySet();

	private volatile boolean lost;

	private ClientConnection(@Nullable ConnectionStreams ends) {
		this.ends = ends;
	}

	/** Makes one of each connection of a channel. */
	static ClientTransportFilter filter() {
		return new ClientTransportFilter() {

			@Override
			public Attributes transportReady(Attributes attributes) {
				return attributes.toBuilder()
					.set(KEY, new ClientConnection(ConnectionStreams.takeBecomingReady()))
					.build();
			}

			@Override
			public void transportTerminated(Attributes attributes) {
				ClientConnection connection = attributes.get(KEY);
				if (connection != null) { // or it was never ready
					connection.lose();
				}
			}

		};
	}

	static @Nullable ClientConnection of(Attributes transport) {
		return transport.get(KEY);
	}

	/**
	 * Asks to be told of the end of the stream whose headers the present thread reads, if
	 * the connection is watched.
	 * @param ended run on the event loop when the server has ended the stream, or the
	 * client, but not when the connection is lost
	 */
	void tellOfStream(Runnable ended) {
		if (this.ends != null) {
			this.ends.tell(ended);
		}
	}

	/**
	 * Asks to be told, perhaps twice.
	 * @param whenLost run on the transport's thread or, if it is lost by now, at once
	 */
	void tell(Runnable whenLost) {
		this.streams.add(whenLost);
		if (this.lost) {
			whenLost.run();
		}
	}

	void forget(Runnable whenLost) {
		this.streams.remove(whenLost);
	}

	private void lose() {
		this.lost = true;
		this.streams.forEach(Runnable::run);
	}

}
