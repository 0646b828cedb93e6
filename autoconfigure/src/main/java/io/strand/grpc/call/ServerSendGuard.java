package io.strand.grpc.call;

import java.util.concurrent.TimeUnit;

import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Guards the responses of one call.
 */
final class ServerSendGuard extends SendGuard {

	/** A net under the transport's own signal. */
	private static final long RECHECK_NANOS = TimeUnit.SECONDS.toNanos(1);

	private final EngineServerCall<?, ?> call;

	ServerSendGuard(HandlerSettings settings, EngineServerCall<?, ?> call) {
		super(settings.concurrentSend(), settings.eventLoopQueue(), RECHECK_NANOS);
		this.call = call;
	}

	@Override
	boolean isReady() {
		return this.call.isReady();
	}

	@Override
	@Nullable Status cancellation() {
		return this.call.owner().cancellation();
	}

	@Override
	void waitBegins(long now) {
		this.call.owner().engine().counters().blockedSends().begin(now);
	}

	@Override
	void waitEnded(long now) {
		this.call.owner().engine().counters().blockedSends().end(now);
		this.call.owner().changed(now);
	}

	@Override
	void violated() {
		this.call.owner().engine().counters().countConcurrentUse();
	}

	@Override
	String describe() {
		return this.call.owner().describe();
	}

}
