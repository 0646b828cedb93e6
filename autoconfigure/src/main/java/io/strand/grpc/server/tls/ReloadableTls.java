package io.strand.grpc.server.tls;

import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalNettyServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator.ProtocolNegotiator;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator.ServerFactory;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.util.AsciiString;

/**
 * TLS whose certificates can be replaced while a server listens. A connection has those
 * of the moment when it was made: open ones go on when they are replaced. A new context
 * knows no session of the old one, so nobody resumes what the new one would refuse.
 * Thread-safe.
 */
public final class ReloadableTls {

	private final String property;

	private final Runnable onConnection;

	private volatile ProtocolNegotiator current;

	/**
	 * Makes credentials that can be replaced.
	 * @param property what turns TLS on for the listener, for the log
	 * @param context the certificates to begin with, for ALPN of HTTP/2
	 * @param onConnection called at each connection, on its event loop
	 */
	public ReloadableTls(String property, SslContext context, Runnable onConnection) {
		this.property = property;
		this.current = InternalProtocolNegotiators.serverTls(context);
		this.onConnection = onConnection;
	}

	/**
	 * Has new connections use other certificates.
	 * @param context the certificates, for ALPN of HTTP/2
	 */
	public void replace(SslContext context) {
		this.current = InternalProtocolNegotiators.serverTls(context);
	}

	/**
	 * What a server listens with; any number of servers, one after another.
	 * @return the credentials
	 */
	public ServerCredentials credentials() {
		return InternalNettyServerCredentials.create((ServerFactory) (executors) -> new Negotiator());
	}

	/**
	 * Asked by gRPC at each connection of one server.
	 */
	private final class Negotiator implements ProtocolNegotiator {

		private final ConnectionLog log = new ConnectionLog();

		@Override
		public AsciiString scheme() {
			return ReloadableTls.this.current.scheme();
		}

		@Override
		public ChannelHandler newHandler(GrpcHttp2ConnectionHandler connection) {
			ReloadableTls.this.onConnection.run();
			return new TlsFirstBytes(ReloadableTls.this.current.newHandler(connection), this.log,
					ReloadableTls.this.property);
		}

		@Override
		public void close() {
			// Holds nothing
		}

	}

}
