package io.strand.grpc.call;

import java.util.concurrent.TimeUnit;

import io.grpc.ClientCall;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Guards the requests of one call.
 */
final class ClientSendGuard extends SendGuard {

	/**
	 * Short: a call that may be retried forgets at times to say that it is ready
	 * (grpc-java issues 6817 and 8401).
	 */
	private static final long RECHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

	private final ClientStreamGuard settings;

	private final String method;

	private final ClientCall<?, ?> call;

	private volatile @Nullable Status ended;

	ClientSendGuard(ClientStreamGuard settings, String method, ClientCall<?, ?> call) {
		super(settings.concurrentSend(), settings.eventLoopQueue(), RECHECK_NANOS);
		this.settings = settings;
		this.method = method;
		this.call = call;
	}

	/** The call is over: who waits need not wait any longer. */
	void ended(Status status) {
		this.ended = status;
		wake();
	}

	@Override
	boolean isReady() {
		return this.call.isReady();
	}

	@Override
	@Nullable Status cancellation() {
		Status status = this.ended;
		return (status != null && status.isOk())
				? Status.CANCELLED.withDescription("The server has answered and ended the call") : status;
	}

	@Override
	void waitBegins(long now) {
		this.settings.blockedSends().begin(now);
	}

	@Override
	void waitEnded(long now) {
		this.settings.blockedSends().end(now);
	}

	@Override
	void violated() {
		this.settings.concurrentUses().increment();
	}

	@Override
	String describe() {
		return "the requests of " + this.method;
	}

}
