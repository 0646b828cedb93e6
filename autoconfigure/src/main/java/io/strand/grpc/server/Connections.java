package io.strand.grpc.server;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.strand.grpc.call.LineQuota;
import io.strand.grpc.call.LogText;
import io.strand.grpc.transport.BufferedWrites;
import io.strand.grpc.transport.HookedCredentials;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * The open connections of all listeners of a server. One too many is closed as soon as it
 * was accepted, before anything is read from it. Thread-safe.
 *
 * <p>
 * gRPC has no such limit, and the one place where it shows every connection, silent ones
 * too, is the negotiation of its protocol: credentials are wrapped so that a connection
 * is counted before that begins.
 */
final class Connections {

	private static final Log logger = LogFactory.getLog(Connections.class);

	private static final LineQuota refusals = new LineQuota(
			(leftOut) -> logger.warn("%d more connections were refused".formatted(leftOut)));

	private final TransportLimits limits;

	private final AtomicInteger open = new AtomicInteger();

	private final LongAdder refused = new LongAdder();

	private final Map<Channel, LingeringClose> admitted = new ConcurrentHashMap<>();

	Connections(TransportLimits limits) {
		this.limits = limits;
	}

	/** How many are open at this moment. */
	int open() {
		return this.open.get();
	}

	/** How many were one too many. */
	long refused() {
		return this.refused.sum();
	}

	/**
	 * Holds the connections of a listener to the limits.
	 * @param builder its builder
	 * @return the builder
	 */
	NettyServerBuilder limit(NettyServerBuilder builder) {
		this.limits.applyTo(builder);
		return builder;
	}

	/**
	 * Counts the connections of a listener.
	 * @param credentials its credentials
	 * @return credentials that prove and ask for the same
	 */
	ServerCredentials counted(ServerCredentials credentials) {
		return HookedCredentials.of(BufferedWrites.of(credentials), (transport, negotiation) -> {
			PeerSettings.limit(transport, this.limits);
			return new Counter(negotiation, new LingeringClose(transport));
		});
	}

	/**
	 * Ends all that are open, with the calls on them, and waits for that.
	 * @param nanos how long it may take
	 * @throws InterruptedException if the thread is interrupted while it waits
	 */
	void end(long nanos) throws InterruptedException {
		Map<Channel, LingeringClose> ending = Map.copyOf(this.admitted);
		CountDownLatch closed = new CountDownLatch(ending.size());
		ending.forEach((channel, closing) -> {
			var unused = channel.closeFuture().addListener((future) -> closed.countDown());
			closing.end(channel, nanos);
		});
		closed.await(nanos, TimeUnit.NANOSECONDS);
	}

	@SuppressWarnings("FutureReturnValueIgnored")
	private boolean admit(ChannelHandlerContext context) {
		int max = this.limits.maxConnections();
		// Before the listener, which counts down at once if it is closed already
		int now = this.open.incrementAndGet();
		var unused = context.channel().closeFuture().addListener((closed) -> this.open.decrementAndGet());
		if (max == 0 || now <= max) {
			return true;
		}
		this.refused.increment();
		if (refusals.tryTake()) {
			logger.warn("A connection from %s was refused: %d are open (strand.server.limits.max-connections)"
				.formatted(LogText.peer(context.channel().remoteAddress()), max));
		}
		unused = context.channel().close();
		return false;
	}

	private void track(Channel channel, LingeringClose closing) {
		this.admitted.put(channel, closing);
		var unused = channel.closeFuture().addListener((closed) -> this.admitted.remove(channel));
	}

	/** Gives its place in the pipeline to the negotiation, or closes the connection. */
	private final class Counter extends ChannelInboundHandlerAdapter {

		private final ChannelHandler negotiation;

		private final LingeringClose closing;

		private Counter(ChannelHandler negotiation, LingeringClose closing) {
			this.negotiation = negotiation;
			this.closing = closing;
		}

		@Override
		public void handlerAdded(ChannelHandlerContext context) {
			if (admit(context)) {
				track(context.channel(), this.closing);
				context.pipeline().addFirst(this.closing);
				if (!Connections.this.limits.keepAliveTime().isZero()) {
					context.pipeline().addFirst(new SilenceWatch(Connections.this.limits));
				}
				context.pipeline().addFirst(new UnreadAnswers());
				context.pipeline().replace(this, null, this.negotiation);
			}
		}

	}

}
