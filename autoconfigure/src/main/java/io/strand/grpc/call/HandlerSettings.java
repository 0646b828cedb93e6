package io.strand.grpc.call;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * How the calls of one method are run. Immutable.
 *
 * @param threading the kind of thread
 * @param interruptOnCancel whether cancellation interrupts the handler's thread
 * @param concurrentSend what two senders at once get
 * @param readyThreshold how many bytes may be queued before a sender waits; {@code null}
 * for gRPC's 32 KiB
 * @param eventLoopQueue how many messages event loops may send on a stream that is not
 * ready
 * @param limits the limits that a call must pass, widest first
 * @param maxWait how long a call waits at a limit before it is refused; zero for not at
 * all
 * @param maxDuration how long a call may last before it is ended; zero for as long as it
 * likes
 */
public record HandlerSettings(Threading threading, boolean interruptOnCancel, ConcurrentSend concurrentSend,
		@Nullable Integer readyThreshold, int eventLoopQueue, List<CallLimit> limits, Duration maxWait,
		Duration maxDuration) {

	/** How many messages event loops may queue on a stream, unless set otherwise. */
	public static final int DEFAULT_EVENT_LOOP_QUEUE = 64;

	/** Settings without limits. */
	public static final HandlerSettings DEFAULT = new HandlerSettings(Threading.AUTO, true, ConcurrentSend.SERIALIZE,
			null, DEFAULT_EVENT_LOOP_QUEUE, List.of(), Duration.ZERO);

	public HandlerSettings {
		limits = List.copyOf(limits);
	}

	/**
	 * Settings for calls that may last as long as they like.
	 * @param threading the kind of thread
	 * @param interruptOnCancel whether cancellation interrupts the handler's thread
	 * @param concurrentSend what two senders at once get
	 * @param readyThreshold how many bytes may be queued before a sender waits;
	 * {@code null} for gRPC's 32 KiB
	 * @param eventLoopQueue how many messages event loops may send on a stream that is
	 * not ready
	 * @param limits the limits that a call must pass, widest first
	 * @param maxWait how long a call waits at a limit before it is refused
	 */
	public HandlerSettings(Threading threading, boolean interruptOnCancel, ConcurrentSend concurrentSend,
			@Nullable Integer readyThreshold, int eventLoopQueue, List<CallLimit> limits, Duration maxWait) {
		this(threading, interruptOnCancel, concurrentSend, readyThreshold, eventLoopQueue, limits, maxWait,
				Duration.ZERO);
	}

}
