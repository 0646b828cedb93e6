package io.strand.grpc.call;

import java.util.concurrent.atomic.LongAdder;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;

/**
 * Makes the requests of client streams safe to be sent by several threads, and lets a
 * sender wait until the server reads if asked to. Belongs outside all other interceptors,
 * which are no more thread-safe than the transport. Thread-safe.
 *
 * @param concurrentSend what two senders at once get
 * @param blockingSend whether a sender waits while the transport is not ready; never on
 * an event loop, nor in a callback of the call itself, behind which the news that the
 * transport is ready would wait
 * @param eventLoopQueue how many messages event loops may send on a stream that is not
 * ready or is being sent on
 * @param blockedSends where waits of senders are counted
 * @param concurrentUses where senders are counted that are refused because another sends
 */
public record ClientStreamGuard(ConcurrentSend concurrentSend, boolean blockingSend, int eventLoopQueue,
		BlockedSends blockedSends, LongAdder concurrentUses) implements ClientInterceptor {

	/**
	 * A guard that nobody else looks at.
	 * @param concurrentSend what two senders at once get
	 * @param blockingSend whether a sender waits while the transport is not ready
	 * @param eventLoopQueue how many messages event loops may send on a stream that is
	 * not ready or is being sent on
	 */
	public ClientStreamGuard(ConcurrentSend concurrentSend, boolean blockingSend, int eventLoopQueue) {
		this(concurrentSend, blockingSend, eventLoopQueue, new BlockedSends(), new LongAdder());
	}

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		ClientCall<Q, R> call = next.newCall(method, options);
		// Where one message is sent, generated code sends and ends in one go
		return (method.getType().clientSendsOneMessage() || this.concurrentSend == ConcurrentSend.OFF) ? call
				: new GuardedClientCall<>(call, method, this);
	}

}
