package io.strand.grpc.server;

import java.time.Duration;

import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.Threading;
import org.jspecify.annotations.Nullable;

/**
 * How handlers are run, for the server, a service or a method. What is {@code null} is
 * left to the next wider one. Immutable.
 *
 * @param threading the kind of thread
 * @param interruptOnCancel whether cancellation interrupts the handler's thread
 * @param concurrentSend what two senders at once get
 * @param readyThreshold how many bytes may be queued before a sender waits
 * @param eventLoopQueue how many messages event loops may queue on a stream
 * @param maxConcurrentCalls how many handlers may run at the same time, here
 * @param maxWait how long a call waits at a limit before it is refused
 * @param maxCallDuration how long a call may last; zero for as long as it likes
 */
public record HandlerOptions(@Nullable Threading threading, @Nullable Boolean interruptOnCancel,
		@Nullable ConcurrentSend concurrentSend, @Nullable Integer readyThreshold, @Nullable Integer eventLoopQueue,
		@Nullable Integer maxConcurrentCalls, @Nullable Duration maxWait, @Nullable Duration maxCallDuration) {

	/** Options that leave everything open. */
	public static final HandlerOptions NONE = new HandlerOptions(null, null, null, null, null, null, null, null);

}
