package io.strand.grpc.server.tls;

import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalNettyServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator.ProtocolNegotiator;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator.ServerFactory;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.util.AsciiString;

/**
 * A port without TLS, which says so in the log when a client comes with TLS. Thread-safe.
 */
public final class PlaintextPort {

	private PlaintextPort() {
	}

	/**
	 * What a server listens with.
	 * @param property what would turn TLS on for the listener, for the log
	 * @return the credentials
	 */
	public static ServerCredentials credentials(String property) {
		return InternalNettyServerCredentials.create((ServerFactory) (executors) -> new Negotiator(property));
	}

	private static final class Negotiator implements ProtocolNegotiator {

		private final ProtocolNegotiator plaintext = InternalProtocolNegotiators.serverPlaintext();

		private final ConnectionLog log = new ConnectionLog();

		private final String property;

		Negotiator(String property) {
			this.property = property;
		}

		@Override
		public AsciiString scheme() {
			return this.plaintext.scheme();
		}

		@Override
		public ChannelHandler newHandler(GrpcHttp2ConnectionHandler connection) {
			return new PlaintextFirstBytes(this.plaintext.newHandler(connection), this.log, this.property);
		}

		@Override
		public void close() {
			this.plaintext.close();
		}

	}

}
