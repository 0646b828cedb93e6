package io.strand.grpc.server;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * Closes a connection that has been silent for so long that it cannot have answered a
 * probe. gRPC ends the calls of such a connection, but if it had any, leaves it open: the
 * resets that it waits for are never flushed. Confined to the event loop.
 */
final class SilenceWatch extends ChannelInboundHandlerAdapter implements Runnable {

	/** What gRPC is left to be late. */
	private static final Duration MARGIN = Duration.ofSeconds(1);

	private final long period;

	private @Nullable ChannelHandlerContext context;

	private @Nullable ScheduledFuture<?> timer;

	/** Whether anything has come since the timer was set. */
	private boolean heard;

	SilenceWatch(TransportLimits limits) {
		this.period = limits.keepAliveTime().plus(limits.keepAliveTimeout()).plus(MARGIN).toNanos();
	}

	@Override
	public void handlerAdded(ChannelHandlerContext context) {
		this.context = context;
		schedule(context);
	}

	private void schedule(ChannelHandlerContext context) {
		this.heard = false;
		this.timer = context.executor().schedule(this, this.period, TimeUnit.NANOSECONDS);
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		this.heard = true;
		context.fireChannelRead(message);
	}

	@Override
	public void run() {
		ChannelHandlerContext current = this.context;
		if (current == null || !current.channel().isOpen()) {
			return;
		}
		if (this.heard) {
			schedule(current);
		}
		else {
			// From here, past those who would first say good-bye
			var unused = current.close();
		}
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
