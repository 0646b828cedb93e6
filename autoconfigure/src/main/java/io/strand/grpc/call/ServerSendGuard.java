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
	void waitBegins() {
		this.call.owner().engine().counters().blockedSends().begin();
	}

	@Override
	void waitEnded(long nanos) {
		this.call.owner().engine().counters().blockedSends().end(nanos);
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
