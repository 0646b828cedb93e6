package io.strand.grpc.call;

import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Connection;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2FrameListener;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Headers;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Settings;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/**
 * The streams of a client's HTTP/2 connection: tells when the server ends one, also by
 * RST_STREAM (RFC 9113, 6.4), which gRPC keeps to itself while messages lie there that
 * nobody has asked for. Confined to the event loop of the connection.
 *
 * <p>
 * gRPC calls others while it reads a frame, on the same thread: the transport filters
 * when it reads the first settings, and the tracer of the call whose headers it reads. So
 * a filter finds the connection, and a call its stream.
 */
final class ConnectionStreams extends Http2FrameListenerDecorator {

	private static final ThreadLocal<@Nullable ConnectionStreams> BECOMING_READY = new ThreadLocal<>();

	private final Http2Connection connection;

	private final Http2Connection.PropertyKey whenEnded;

	private @Nullable ChannelHandlerContext context;

	/** The stream whose headers are being read; 0, which is the connection, for none. */
	private int reading;

	private ConnectionStreams(Http2Connection connection, Http2FrameListener ofTransport) {
		super(ofTransport);
		this.connection = connection;
		this.whenEnded = connection.newKey();
	}

	/**
	 * Watches a connection, before it has an event loop.
	 * @param transport what gRPC reads its frames with
	 */
	static void watch(GrpcHttp2ConnectionHandler transport) {
		ConnectionStreams streams = new ConnectionStreams(transport.connection(), transport.decoder().frameListener());
		transport.decoder().frameListener(streams);
		transport.connection().addListener(streams.new Ends());
	}

	/**
	 * The connection that the present thread makes ready, for the first who asks: what is
	 * told that it is ready may make others so.
	 * @return its streams, or {@code null} if it is not watched, as in-process
	 */
	static @Nullable ConnectionStreams takeBecomingReady() {
		ConnectionStreams becoming = BECOMING_READY.get();
		BECOMING_READY.remove();
		return becoming;
	}

	/**
	 * Asks to be told of the end of the stream whose headers are being read.
	 * @param ended run on the event loop when the server has ended the stream, or the
	 * client, but not when the connection is lost
	 */
	void tell(Runnable ended) {
		Http2Stream read = this.connection.stream(this.reading);
		if (this.reading != 0 && read != null) {
			read.setProperty(this.whenEnded, ended);
		}
	}

	@Override
	public void onSettingsRead(ChannelHandlerContext context, Http2Settings settings) throws Http2Exception {
		this.context = context;
		BECOMING_READY.set(this);
		try {
			super.onSettingsRead(context, settings);
		}
		finally {
			BECOMING_READY.remove();
		}
	}

	@Override
	public void onHeadersRead(ChannelHandlerContext context, int streamId, Http2Headers headers, int dependency,
			short weight, boolean exclusive, int padding, boolean endOfStream) throws Http2Exception {
		this.reading = streamId;
		try {
			super.onHeadersRead(context, streamId, headers, dependency, weight, exclusive, padding, endOfStream);
		}
		finally {
			this.reading = 0;
		}
	}

	private void end(Http2Stream stream) {
		Runnable ended = stream.removeProperty(this.whenEnded);
		ChannelHandlerContext on = this.context;
		if (ended != null && on != null && on.channel().isActive()) {
			ended.run();
		}
	}

	private final class Ends extends Http2ConnectionAdapter {

		@Override
		public void onStreamHalfClosed(Http2Stream stream) {
			if (stream.state() == Http2Stream.State.HALF_CLOSED_REMOTE) {
				end(stream);
			}
		}

		@Override
		public void onStreamClosed(Http2Stream stream) {
			end(stream);
		}

	}

}
