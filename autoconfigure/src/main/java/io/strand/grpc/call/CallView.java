package io.strand.grpc.call;

import java.net.SocketAddress;
import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * Shows a call to those who watch, made when somebody looks.
 *
 * @param call the call
 */
record CallView(HandlerCall<?, ?> call) implements LiveCall {

	@Override
	public long id() {
		return this.call.id();
	}

	@Override
	public String method() {
		return this.call.plan().fullMethodName();
	}

	@Override
	public @Nullable SocketAddress peer() {
		return this.call.peer();
	}

	@Override
	public @Nullable Thread thread() {
		return this.call.thread().working();
	}

	@Override
	public State state() {
		if (this.call.call().guard().waiting() != null) {
			return State.BLOCKED_SENDING;
		}
		Pump pump = this.call.thread().pump();
		if (pump != null && pump.isWaiting()) {
			return State.WAITING_FOR_MESSAGE;
		}
		return switch (this.call.phase()) {
			case ARRIVED -> State.RECEIVING;
			case WAITING -> State.WAITING_FOR_PERMIT;
			case ADMITTED -> State.WAITING_FOR_THREAD;
			case RUNNING, ANSWERED -> this.call.thread().isIdle() ? State.WAITING_FOR_MESSAGE : State.RUNNING;
			case ENDED -> State.RUNNING; // for a moment more
		};
	}

	@Override
	public Duration inState() {
		long since = since();
		return Duration.ofNanos(System.nanoTime() - since);
	}

	private long since() {
		SendWait blocked = this.call.call().guard().waiting();
		if (blocked != null) {
			return blocked.since();
		}
		Pump pump = this.call.thread().pump();
		return (pump != null && pump.isWaiting()) ? pump.waitingSince() : this.call.since();
	}

	@Override
	public Duration age() {
		return Duration.ofNanos(System.nanoTime() - this.call.arrivedNanos());
	}

	@Override
	public long received() {
		return this.call.handlerRun().received();
	}

	@Override
	public long sent() {
		return this.call.call().sent();
	}

	@Override
	public Duration blockedSending() {
		return Duration.ofNanos(this.call.call().guard().blockedNanos());
	}

	@Override
	public boolean isDismissed() {
		return this.call.isDismissed();
	}

	@Override
	public String toString() {
		return this.call.describe();
	}

}
