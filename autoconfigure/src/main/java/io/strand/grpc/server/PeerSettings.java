package io.strand.grpc.server;

import java.util.concurrent.TimeUnit;

import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2CodecUtil;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Error;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2FrameListener;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Settings;

/**
 * Bounds what the settings of a client cost the server. Used by the event loop of the
 * connection only.
 *
 * <p>
 * A client says how much of the headers that it is sent the server may remember, to send
 * them shorter. The transport remembers as much as the client offers, gigabytes too, and
 * one that asks for methods with ever new names has the server answer with ever new
 * headers. It also keeps a note of every change until it sends the next headers, which a
 * client without calls can put off for as long as it likes.
 */
final class PeerSettings extends Http2FrameListenerDecorator {

	/** What a client that says nothing offers. */
	private static final int HEADER_TABLE_SIZE = Http2CodecUtil.DEFAULT_HEADER_TABLE_SIZE;

	private final Http2ConnectionEncoder encoder;

	private final int max;

	private final long windowNanos;

	private long windowStart = System.nanoTime();

	private int changes;

	private PeerSettings(Http2FrameListener listener, Http2ConnectionEncoder encoder, TransportLimits limits) {
		super(listener);
		this.encoder = encoder;
		this.max = limits.maxResets();
		this.windowNanos = limits.resetWindow().toNanos();
	}

	/**
	 * Has a new connection see to it.
	 * @param connection the connection, before anything was read from it
	 * @param limits the limits of the server
	 */
	static void limit(GrpcHttp2ConnectionHandler connection, TransportLimits limits) {
		Http2ConnectionDecoder decoder = connection.decoder();
		decoder.frameListener(new PeerSettings(decoder.frameListener(), connection.encoder(), limits));
	}

	@Override
	public void onSettingsRead(ChannelHandlerContext context, Http2Settings settings) throws Http2Exception {
		if (this.max > 0 && isOneTooMany()) {
			throw Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "More than %d settings within %d s",
					this.max, TimeUnit.NANOSECONDS.toSeconds(this.windowNanos));
		}
		Long offered = settings.headerTableSize();
		if (offered != null && offered > HEADER_TABLE_SIZE) {
			// The transport has just taken what was offered
			this.encoder.configuration().headersConfiguration().maxHeaderTableSize(HEADER_TABLE_SIZE);
		}
		super.onSettingsRead(context, settings);
	}

	private boolean isOneTooMany() {
		long now = System.nanoTime();
		if (now - this.windowStart > this.windowNanos) {
			this.windowStart = now;
			this.changes = 0;
		}
		return ++this.changes > this.max;
	}

}
