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

	/** Knows of the end before {@link #ended}, if somebody may have to. */
	private final @Nullable CallAttempts attempts;

	private volatile @Nullable Status ended;

	ClientSendGuard(ClientStreamGuard settings, String method, ClientCall<?, ?> call, @Nullable CallAttempts attempts) {
		super(settings.concurrentSend(), settings.eventLoopQueue(), RECHECK_NANOS);
		this.settings = settings;
		this.method = method;
		this.call = call;
		this.attempts = attempts;
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
		return notSent(this.ended);
	}

	@Override
	@Nullable Status cancellationOnItsWay() {
		Status status = this.ended;
		return notSent((status != null || this.attempts == null) ? status : this.attempts.end(this.call));
	}

	/**
	 * What a sender is told of an end.
	 */
	static @Nullable Status notSent(@Nullable Status end) {
		return (end != null && end.isOk())
				? Status.CANCELLED.withDescription("The server has answered and ended the call") : end;
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
