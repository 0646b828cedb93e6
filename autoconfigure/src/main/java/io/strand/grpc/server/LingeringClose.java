package io.strand.grpc.server;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelDuplexHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelOutboundInvoker;
import io.grpc.netty.shaded.io.netty.channel.ChannelPromise;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollTcpInfo;
import io.grpc.netty.shaded.io.netty.channel.socket.DuplexChannel;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import io.grpc.netty.shaded.io.netty.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * Ends a connection so that what was written to it arrives. gRPC closes it with the last
 * byte written; if the client sends anything after that, be it an acknowledgement, the
 * system answers with a reset and throws away what the client has not been given yet. So
 * first only the end of the answers is told, and what the client sends is taken and
 * thrown away, until it closes the connection too, or nothing is heard of it.
 *
 * <p>
 * Confined to the event loop, but for {@link #end}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what comes of it is an event
final class LingeringClose extends ChannelDuplexHandler implements Runnable {

	/** How long nothing is heard of a client before the connection is closed. */
	private static final Duration SILENCE = Duration.ofMillis(500);

	/** How long a client is waited for that is heard of. */
	private static final Duration MOST = Duration.ofSeconds(5);

	/** The state of a connection of Linux whose end the other side has been given. */
	private static final int FIN_WAIT_2 = 5;

	private final GrpcHttp2ConnectionHandler http2;

	private @Nullable ChannelHandlerContext context;

	private @Nullable ScheduledFuture<?> timer;

	/** When the connection is closed at the latest; known once there is a timer. */
	private long end;

	/** Whether anything has come since the timer was set. */
	private boolean heard;

	/** Whether the server is done with the calls that are open on the connection. */
	private boolean abandoned;

	private boolean lingering;

	LingeringClose(GrpcHttp2ConnectionHandler http2) {
		this.http2 = http2;
	}

	@Override
	public void handlerAdded(ChannelHandlerContext context) {
		this.context = context;
	}

	/**
	 * Ends the connection, from any thread, whatever calls are open on it. Their clients
	 * lose the connection, which is UNAVAILABLE to them; a reset would tell them that
	 * they had cancelled the calls themselves.
	 * @param channel the connection
	 * @param nanos how long that may take at most
	 */
	void end(Channel channel, long nanos) {
		channel.eventLoop().execute(() -> abandon(channel, nanos));
	}

	private void abandon(Channel channel, long nanos) {
		ChannelHandlerContext current = this.context;
		if (current == null || !channel.isOpen()) {
			return;
		}
		this.abandoned = true;
		closeWithin(current, nanos);
		if (!this.lingering) {
			// Through TLS, which has its own end to tell, but past HTTP/2, which would
			// wait
			ChannelHandlerContext upper = channel.pipeline().context(this.http2);
			ChannelOutboundInvoker last = (upper != null) ? upper : channel;
			last.close();
		}
	}

	@Override
	public void close(ChannelHandlerContext context, ChannelPromise promise) {
		if (!this.lingering && !isWorthWhile(context.channel())) {
			context.close(promise);
			return;
		}
		context.channel().closeFuture().addListener((closed) -> promise.trySuccess());
		if (!this.lingering) {
			this.lingering = true;
			closeWithin(context, MOST.toNanos());
			endOutput(context, (DuplexChannel) context.channel());
		}
	}

	/**
	 * Whether the client has spoken HTTP/2 and nobody waits for the end of a call.
	 */
	private boolean isWorthWhile(Channel channel) {
		return channel.isActive() && channel instanceof DuplexChannel && this.http2.connection().goAwaySent()
				&& (this.abandoned || this.http2.connection().numActiveStreams() == 0);
	}

	private void endOutput(ChannelHandlerContext context, DuplexChannel channel) {
		// Behind all that waits to be written
		context.writeAndFlush(Unpooled.EMPTY_BUFFER)
			.addListener((written) -> channel.shutdownOutput().addListener((ended) -> {
				if (!ended.isSuccess()) {
					context.close();
				}
			}));
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		this.heard = true;
		if (this.lingering) {
			ReferenceCountUtil.release(message);
		}
		else {
			context.fireChannelRead(message);
		}
	}

	private void closeWithin(ChannelHandlerContext context, long nanos) {
		long latest = System.nanoTime() + Math.min(nanos, MOST.toNanos());
		if (this.timer == null) {
			this.end = latest;
			schedule(context);
		}
		else if (latest - this.end < 0) {
			this.end = latest;
		}
	}

	private void schedule(ChannelHandlerContext context) {
		this.heard = false;
		long nanos = Math.min(SILENCE.toNanos(), this.end - System.nanoTime());
		this.timer = context.executor().schedule(this, nanos, TimeUnit.NANOSECONDS);
	}

	@Override
	public void run() {
		ChannelHandlerContext current = this.context;
		if (current == null || !current.channel().isOpen()) {
			return;
		}
		if (System.nanoTime() - this.end < 0 && (this.heard || isReceiving(current.channel()))) {
			schedule(current);
		}
		else {
			current.close();
		}
	}

	/**
	 * Whether the client's system is taking what was written and has not got all of it;
	 * known on Linux only.
	 */
	private static boolean isReceiving(Channel channel) {
		if (channel instanceof EpollSocketChannel socket) {
			EpollTcpInfo info = socket.tcpInfo();
			return info.state() != FIN_WAIT_2 && info.lastAckRecv() < SILENCE.toMillis();
		}
		return false;
	}

	@Override
	public void handlerRemoved(ChannelHandlerContext context) {
		ScheduledFuture<?> running = this.timer;
		if (running != null) {
			running.cancel(false);
		}
		this.context = null;
	}

}
