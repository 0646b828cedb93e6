package io.strand.grpc.health;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.LoggedFailure;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * A stream of which only the latest message counts: what its client does not take is
 * replaced by what comes later, and the end comes after the last. Sending and ending
 * never block and never throw. Thread-safe: who comes while another thread sends leaves
 * it to that one, which looks again before it goes.
 */
final class WatchCall<Q, R> extends SimpleForwardingServerCall<Q, R> {

	private static final Log logger = LogFactory.getLog(WatchCall.class);

	private final AtomicReference<@Nullable Metadata> headers = new AtomicReference<>();

	private final AtomicReference<@Nullable R> latest = new AtomicReference<>();

	private final AtomicReference<@Nullable End> end = new AtomicReference<>();

	/** How often somebody wanted something done since nobody did it. */
	private final AtomicInteger wanted = new AtomicInteger();

	private volatile boolean ended;

	WatchCall(ServerCall<Q, R> delegate) {
		super(delegate);
	}

	@Override
	public void sendHeaders(Metadata headers) {
		this.headers.set(headers);
		flush();
	}

	@Override
	public void sendMessage(R message) {
		if (this.end.get() == null) {
			this.latest.set(message);
			flush();
		}
	}

	@Override
	public void close(Status status, Metadata trailers) {
		this.end.compareAndSet(null, new End(status, trailers));
		flush();
	}

	void end() {
		close(Status.OK, new Metadata());
	}

	/**
	 * Sends what there is to send if the client takes it, and the end once nothing is.
	 */
	void flush() {
		if (this.wanted.getAndIncrement() != 0) {
			return;
		}
		int done;
		do {
			done = this.wanted.get();
			sendNewHeaders();
			sendLatest();
			endIfWanted();
		}
		while (!this.wanted.compareAndSet(done, 0));
	}

	private void sendNewHeaders() {
		Metadata unsent = this.ended ? null : this.headers.getAndSet(null);
		if (unsent != null) {
			quietly(() -> super.sendHeaders(unsent));
		}
	}

	private void sendLatest() {
		R message = this.ended ? null : this.latest.getAndSet(null);
		if (message != null) {
			quietly(() -> {
				// Who tells many may hold what the event loop needs to make it ready
				if (!CallEngine.sendIfReady(delegate(), message)) {
					this.latest.compareAndSet(null, message);
				}
			});
		}
	}

	private void endIfWanted() {
		End wantedEnd = this.end.get();
		if (wantedEnd != null && !this.ended && this.latest.get() == null) {
			this.ended = true;
			quietly(() -> super.close(wantedEnd.status(), wantedEnd.trailers()));
		}
	}

	/**
	 * The stream may end at any moment, and who tells many must go on to the next.
	 */
	private void quietly(Runnable action) {
		try {
			action.run();
		}
		catch (RuntimeException ex) {
			logger.debug("A watcher of %s has gone".formatted(getMethodDescriptor().getServiceName()),
					LoggedFailure.of(ex));
		}
	}

	private record End(Status status, Metadata trailers) {

	}

}
