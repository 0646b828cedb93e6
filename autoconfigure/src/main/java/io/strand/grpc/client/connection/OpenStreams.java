package io.strand.grpc.client.connection;

import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.CallOptions;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;

/**
 * Sees whether a call has a stream on a connection, of which a retried or hedged one has
 * several. It sees the end of a call whose listener is never told: that of a blocking
 * stream is told by its reader, who may have gone. Thread-safe.
 */
public final class OpenStreams extends ClientStreamTracer.Factory {

	private final AtomicInteger open = new AtomicInteger();

	private final Runnable opened;

	private final Runnable closed;

	private OpenStreams(Runnable opened, Runnable closed) {
		this.opened = opened;
		this.closed = closed;
	}

	/**
	 * Has the streams of a call watched. Not those of unary calls, whose callers wait for
	 * the end.
	 * @param method the method of the call
	 * @param options the options of the call
	 * @param opened run when the call has a stream, and when it has one again
	 * @param closed run when the call has none any more
	 * @return the options to make the call with
	 */
	public static CallOptions watch(MethodDescriptor<?, ?> method, CallOptions options, Runnable opened,
			Runnable closed) {
		return (method.getType() != MethodType.UNARY) ? options.withStreamTracerFactory(new OpenStreams(opened, closed))
				: options;
	}

	@Override
	public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
		if (this.open.getAndIncrement() == 0) {
			this.opened.run();
		}
		return new ClientStreamTracer() {

			@Override
			public void streamClosed(Status status) {
				if (OpenStreams.this.open.decrementAndGet() == 0) {
					OpenStreams.this.closed.run();
				}
			}

		};
	}

}
