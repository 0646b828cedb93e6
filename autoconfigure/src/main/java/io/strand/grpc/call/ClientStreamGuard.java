package io.strand.grpc.call;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MethodDescriptor;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.internal.GrpcUtil;
import io.grpc.internal.SharedResourceHolder;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.transport.HookedCredentials;
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
	 * Lets senders that wait hear of streams that the server resets, or ends without a
	 * status, also while the client has not asked for what had come before.
	 * @param credentials the credentials of a channel with Netty's transport
	 * @return credentials that prove and ask for the same
	 */
	public static ChannelCredentials watched(ChannelCredentials credentials) {
		return HookedCredentials.of(credentials, (transport, negotiation) -> {
			ConnectionStreams.watch(transport);
			return negotiation;
		});
	}

	/**
	 * Lets senders that wait hear of a lost connection and of the end of the
	 * {@link Context} that their call is made in, which other interceptors may have
	 * changed; in-process, also of a server that has ended their call, while the client
	 * has not asked for what had come before.
	 * @param builder the builder of a channel, before it gets interceptors
	 * @param executor what runs callbacks of calls that have no executor of their own;
	 * {@code null} for gRPC's own pool. One that the builder gets later is not known, and
	 * does not run those that are held back in-process
	 */
	public static void prepare(ManagedChannelBuilder<?> builder, @Nullable Executor executor) {
		builder.addTransportFilter(ClientConnection.filter());
		builder.intercept(new Innermost(builder instanceof InProcessChannelBuilder,
				(executor != null) ? executor : ClientStreamGuard::executeInPoolOfGrpc));
	}

	static void executeInPoolOfGrpc(Runnable task) {
		Executor pool = SharedResourceHolder.get(GrpcUtil.SHARED_CHANNEL_EXECUTOR);
		try {
			pool.execute(task);
		}
		finally {
			SharedResourceHolder.release(GrpcUtil.SHARED_CHANNEL_EXECUTOR, pool);
		}
	}

	private record Innermost(boolean readsAhead, Executor executor) implements ClientInterceptor {

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
			CallAttempts attempts = options.getOption(CallAttempts.KEY);
			ClientCall<Q, R> call = next.newCall(method, options);
			if (attempts == null) {
				return call;
			}
			attempts.madeIn(Context.current());
			Executor own = options.getExecutor();
			return this.readsAhead ? new ReadAheadCall<>(call, attempts, (own != null) ? own : this.executor) : call;
		}

	}

}
