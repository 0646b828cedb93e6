package io.strand.grpc.server;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

import io.grpc.ServerCredentials;
import io.grpc.internal.ObjectPool;
import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalNettyServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.util.AsciiString;
import io.strand.grpc.call.LineQuota;
import io.strand.grpc.call.LogText;
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
		InternalProtocolNegotiator.ServerFactory negotiators = InternalNettyServerCredentials.toNegotiator(credentials);
		return InternalNettyServerCredentials.create(new InternalProtocolNegotiator.ServerFactory() {

			@Override
			public InternalProtocolNegotiator.ProtocolNegotiator newNegotiator(
					ObjectPool<? extends Executor> executors) {
				return new CountingNegotiator(negotiators.newNegotiator(executors));
			}

		});
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

	private final class CountingNegotiator implements InternalProtocolNegotiator.ProtocolNegotiator {

		private final InternalProtocolNegotiator.ProtocolNegotiator negotiator;

		private CountingNegotiator(InternalProtocolNegotiator.ProtocolNegotiator negotiator) {
			this.negotiator = negotiator;
		}

		@Override
		public AsciiString scheme() {
			return this.negotiator.scheme();
		}

		@Override
		public ChannelHandler newHandler(GrpcHttp2ConnectionHandler handler) {
			PeerSettings.limit(handler, Connections.this.limits);
			return new Counter(this.negotiator.newHandler(handler));
		}

		@Override
		public void close() {
			this.negotiator.close();
		}

	}

	/** Gives its place in the pipeline to the negotiation, or closes the connection. */
	private final class Counter extends ChannelInboundHandlerAdapter {

		private final ChannelHandler negotiation;

		private Counter(ChannelHandler negotiation) {
			this.negotiation = negotiation;
		}

		@Override
		public void handlerAdded(ChannelHandlerContext context) {
			if (admit(context)) {
				if (!Connections.this.limits.keepAliveTime().isZero()) {
					context.pipeline().addFirst(new SilenceWatch(Connections.this.limits));
				}
				context.pipeline().replace(this, null, this.negotiation);
			}
		}

	}

}
