package io.strand.grpc.transport;

import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelFuture;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelOutboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.ChannelPromise;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the small writes of a connection between two flushes into few buffers. HTTP/2
 * writes each frame by itself, and the answer to a small call is three frames in four
 * buffers of some twenty bytes: to pass each on, hold it, hand it to the system and give
 * it back costs more than to copy its bytes. Large writes are passed on as they are,
 * behind the small ones before them.
 *
 * <p>
 * A write is done when its bytes are with the system, as without this, and fails with
 * them. Confined to the event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what comes of a write is told to its
												// promise
final class WriteBuffer extends ChannelOutboundHandlerAdapter {

	/** Larger writes are not copied. */
	static final int SMALL_BYTES = 1024;

	/** Bytes that go to the system together; gRPC-go's default too. */
	static final int MAX_BYTES = 32 * 1024;

	/**
	 * Grows from here, so that a client that does not read has the server hold this much
	 * for each flush, or twice the bytes that it does not take.
	 */
	private static final int FIRST_BYTES = 256;

	private @Nullable Gathered gathered;

	/** Whether part of a frame may be missing. */
	private boolean broken;

	@Override
	public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
		if (this.broken) {
			ReferenceCountUtil.release(message);
			promise.tryFailure(new ClosedChannelException());
		}
		// What is written to a closed channel is to fail at once
		else if (message instanceof ByteBuf bytes && bytes.readableBytes() <= SMALL_BYTES
				&& context.channel().isActive()) {
			gather(context, bytes, promise);
		}
		else {
			passOn(context);
			context.write(message, promise);
		}
	}

	private void gather(ChannelHandlerContext context, ByteBuf bytes, ChannelPromise promise) {
		try {
			roomFor(context, bytes).add(bytes, promise);
		}
		catch (Throwable ex) {
			breakOff(context);
			promise.tryFailure(ex);
		}
		finally {
			bytes.release();
		}
	}

	/**
	 * Ends the connection, since memory was wanting in the midst of a frame: what came
	 * behind the gap would be read as something else than it is.
	 */
	private void breakOff(ChannelHandlerContext context) {
		this.broken = true;
		context.executor().execute(context::close);
	}

	private Gathered roomFor(ChannelHandlerContext context, ByteBuf bytes) {
		Gathered current = this.gathered;
		// Who hears that what is passed on has failed may write meanwhile
		while (current != null && !current.hasRoomFor(bytes)) {
			passOn(context);
			current = this.gathered;
		}
		if (current == null) {
			current = new Gathered(context.alloc().directBuffer(FIRST_BYTES, MAX_BYTES));
			this.gathered = current;
		}
		return current;
	}

	private void passOn(ChannelHandlerContext context) {
		Gathered current = this.gathered;
		if (current != null) {
			this.gathered = null;
			context.write(current.bytes).addListener(current);
		}
	}

	@Override
	public void flush(ChannelHandlerContext context) {
		passOn(context);
		context.flush();
	}

	@Override
	public void close(ChannelHandlerContext context, ChannelPromise promise) {
		passOn(context);
		context.close(promise);
	}

	/** When the channel has closed, so that nobody waits for what fails. */
	@Override
	public void handlerRemoved(ChannelHandlerContext context) {
		passOn(context);
	}

	/** Writes that go to the system together, and those who wait for them. */
	private static final class Gathered implements ChannelFutureListener {

		private final ByteBuf bytes;

		private final List<ChannelPromise> promises = new ArrayList<>();

		private Gathered(ByteBuf bytes) {
			this.bytes = bytes;
		}

		private boolean hasRoomFor(ByteBuf more) {
			return more.readableBytes() <= this.bytes.maxWritableBytes();
		}

		private void add(ByteBuf more, ChannelPromise promise) {
			this.bytes.writeBytes(more);
			this.promises.add(promise);
		}

		@Override
		public void operationComplete(ChannelFuture written) {
			Throwable failure = written.cause();
			for (ChannelPromise promise : this.promises) {
				if (failure == null) {
					promise.trySuccess();
				}
				else {
					promise.tryFailure(failure);
				}
			}
		}

	}

}
