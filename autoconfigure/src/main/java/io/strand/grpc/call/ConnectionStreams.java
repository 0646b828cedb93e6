package io.strand.grpc.call;

import java.net.SocketAddress;
import java.util.Iterator;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.SingleThreadEventLoop;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Connection;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2FrameListener;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Headers;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Stream;
import io.grpc.netty.shaded.io.netty.util.internal.ThreadExecutorMap;
import org.jspecify.annotations.Nullable;

/**
 * The streams of a client's HTTP/2 connection: tells when the server ends one, also by
 * RST_STREAM (RFC 9113, 6.4), which gRPC keeps to itself while messages lie there that
 * nobody has asked for. Confined to the event loop of the connection.
 *
 * <p>
 * Which call a stream belongs to is known while its headers are read: gRPC then calls the
 * call's tracer, which asks to be told here.
 */
final class ConnectionStreams extends Http2ConnectionAdapter {

	private static final ThreadLocal<@Nullable ConnectionStreams> READING = new ThreadLocal<>();

	private final Channel channel;

	private final Http2Connection connection;

	private final Http2Connection.PropertyKey whenEnded;

	/** The stream whose headers are being read. */
	private @Nullable Http2Stream stream;

	private ConnectionStreams(Channel channel, Http2Connection connection) {
		this.channel = channel;
		this.connection = connection;
		this.whenEnded = connection.newKey();
	}

	/**
	 * Watches the connection that becomes ready on the present thread, if that is an
	 * event loop of Netty.
	 * @param transport the attributes of the connection
	 */
	static void watch(Attributes transport) {
		SocketAddress local = transport.get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR);
		SocketAddress remote = transport.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
		if (local == null || remote == null
				|| !(ThreadExecutorMap.currentExecutor() instanceof SingleThreadEventLoop loop)) {
			return;
		}
		try {
			for (Iterator<Channel> channels = loop.registeredChannelsIterator(); channels.hasNext();) {
				Channel channel = channels.next();
				if (local.equals(channel.localAddress()) && remote.equals(channel.remoteAddress())) {
					watch(channel);
				}
			}
		}
		catch (UnsupportedOperationException ex) {
			// Loops of a MultiThreadIoEventLoopGroup, as of Unix sockets, list no
			// channels
		}
	}

	private static void watch(Channel channel) {
		Http2ConnectionHandler handler = channel.pipeline().get(Http2ConnectionHandler.class);
		// Sockets without a name have equal addresses
		if (handler == null || handler.connection().isServer()
				|| handler.decoder().frameListener() instanceof WatchedHeaders) {
			return;
		}
		ConnectionStreams streams = new ConnectionStreams(channel, handler.connection());
		handler.connection().addListener(streams);
		handler.decoder().frameListener(streams.new WatchedHeaders(handler.decoder().frameListener()));
	}

	/**
	 * Asks to be told of the end of the stream whose headers the present thread reads, if
	 * it reads some.
	 * @param ended run on the event loop when the server has ended the stream, or the
	 * client, but not when the connection is lost
	 */
	static void tell(Runnable ended) {
		ConnectionStreams reading = READING.get();
		Http2Stream read = (reading != null) ? reading.stream : null;
		if (reading != null && read != null) {
			read.setProperty(reading.whenEnded, ended);
		}
	}

	@Override
	public void onStreamHalfClosed(Http2Stream ended) {
		if (ended.state() == Http2Stream.State.HALF_CLOSED_REMOTE) {
			end(ended);
		}
	}

	@Override
	public void onStreamClosed(Http2Stream ended) {
		end(ended);
	}

	private void end(Http2Stream ended) {
		Runnable told = ended.removeProperty(this.whenEnded);
		if (told != null && this.channel.isActive()) {
			told.run();
		}
	}

	private final class WatchedHeaders extends Http2FrameListenerDecorator {

		WatchedHeaders(Http2FrameListener ofTransport) {
			super(ofTransport);
		}

		@Override
		public void onHeadersRead(ChannelHandlerContext context, int streamId, Http2Headers headers, int padding,
				boolean endOfStream) throws Http2Exception {
			begin(streamId);
			try {
				super.onHeadersRead(context, streamId, headers, padding, endOfStream);
			}
			finally {
				READING.remove();
			}
		}

		@Override
		public void onHeadersRead(ChannelHandlerContext context, int streamId, Http2Headers headers, int dependency,
				short weight, boolean exclusive, int padding, boolean endOfStream) throws Http2Exception {
			begin(streamId);
			try {
				super.onHeadersRead(context, streamId, headers, dependency, weight, exclusive, padding, endOfStream);
			}
			finally {
				READING.remove();
			}
		}

		private void begin(int streamId) {
			ConnectionStreams.this.stream = ConnectionStreams.this.connection.stream(streamId);
			READING.set(ConnectionStreams.this);
		}

	}

}
