package io.strand.grpc.call;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientTransportFilter;
import io.grpc.Context;
import io.grpc.MethodDescriptor;
import io.grpc.stub.BlockingClientCall;
import org.jspecify.annotations.Nullable;

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
 * @param terminated whether the channel has terminated, so that no call is tried again
 */
public record ClientStreamGuard(ConcurrentSend concurrentSend, boolean blockingSend, int eventLoopQueue,
		BlockedSends blockedSends, LongAdder concurrentUses, BooleanSupplier terminated) implements ClientInterceptor {

	/**
	 * A guard that nobody else looks at.
	 * @param concurrentSend what two senders at once get
	 * @param blockingSend whether a sender waits while the transport is not ready
	 * @param eventLoopQueue how many messages event loops may send on a stream that is
	 * not ready or is being sent on
	 */
	public ClientStreamGuard(ConcurrentSend concurrentSend, boolean blockingSend, int eventLoopQueue) {
		this(concurrentSend, blockingSend, eventLoopQueue, new BlockedSends(), new LongAdder(), () -> false);
	}

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		// Where one message is sent, generated code sends and ends in one go
		if (method.getType().clientSendsOneMessage() || this.concurrentSend == ConcurrentSend.OFF) {
			return next.newCall(method, options);
		}
		Executor stubsOwn = stubsOwn(options);
		if (!this.blockingSend && stubsOwn == null) {
			return new GuardedClientCall<>(next.newCall(method, options), method, this, null, null);
		}
		CallAttempts attempts = new CallAttempts(this.terminated);
		CallOptions watched = options.withOption(CallAttempts.KEY, attempts).withStreamTracerFactory(attempts);
		return new GuardedClientCall<>(next.newCall(method, watched), method, this, attempts, stubsOwn);
	}

	/** By its package: gRPC says nowhere else that a stub blocks. */
	private static @Nullable Executor stubsOwn(CallOptions options) {
		Executor executor = options.getExecutor();
		return (executor != null && executor.getClass().getPackage() == BlockingClientCall.class.getPackage())
				? executor : null;
	}

	/**
	 * Lets senders that wait hear of a lost connection, also while the client has not
	 * asked for what had come before.
	 * @return what has to see the connections of the channel
	 */
	public static ClientTransportFilter transportFilter() {
		return ClientConnection.filter();
	}

	/**
	 * Lets senders that wait hear of the end of the {@link Context} that their call is
	 * made in, which other interceptors may have changed.
	 * @return what has to be inside of all other interceptors
	 */
	public static ClientInterceptor innermost() {
		return new Innermost();
	}

	private static final class Innermost implements ClientInterceptor {

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
			CallAttempts attempts = options.getOption(CallAttempts.KEY);
			if (attempts != null) {
				attempts.madeIn(Context.current());
			}
			return next.newCall(method, options);
		}

	}

}
