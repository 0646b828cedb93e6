package io.strand.grpc.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Locale;

import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.server.tls.PlaintextPort;
import org.jspecify.annotations.Nullable;

/**
 * A TCP port.
 */
class TcpEndpoint implements ServerEndpoint {

	private final String prefix;

	private final @Nullable String host;

	private final int port;

	private final @Nullable ServerCredentials credentials;

	private final Connections connections;

	/**
	 * Makes an endpoint.
	 * @param prefix what the names of its properties begin with
	 * @param host the host name or address to bind to; {@code null} for all
	 * @param port the port
	 * @param credentials those of TLS; {@code null} for plaintext
	 * @param connections what its connections are counted among
	 */
	TcpEndpoint(String prefix, @Nullable String host, int port, @Nullable ServerCredentials credentials,
			Connections connections) {
		this.prefix = prefix;
		this.host = host;
		this.port = port;
		this.credentials = credentials;
		this.connections = connections;
	}

	@Override
	public ServerBuilder<?> newBuilder() {
		InetSocketAddress address = (this.host != null) ? new InetSocketAddress(this.host, this.port)
				: new InetSocketAddress(this.port);
		if (address.isUnresolved()) {
			throw new GrpcServerStartException(this.prefix + ".address", this.host,
					"The host name does not resolve to an address.",
					"Correct the name, use an address of this machine, or remove the property to listen on all of them.",
					null);
		}
		ServerCredentials own = (this.credentials != null) ? this.credentials
				: PlaintextPort.credentials(this.prefix + ".ssl.bundle");
		return this.connections.limit(NettyServerBuilder.forAddress(address, this.connections.counted(own)));
	}

	@Override
	public GrpcServerStartException startFailure(IOException cause) {
		// Neither Java nor Netty's native transport has types for these, only words
		String reason = ServerEndpoint.rootMessage(cause);
		String words = reason.toLowerCase(Locale.ROOT);
		if (words.contains("in use")) {
			return new GrpcServerStartException(this.prefix + ".port", this.port, "The port is already in use.",
					"Stop the process that listens on the port, choose another one, or 0 for any free one.", cause);
		}
		if (words.contains("assign requested address")) {
			return new GrpcServerStartException(this.prefix + ".address", this.host,
					"The address is not one of this machine.",
					"Use an address of this machine, or remove the property to listen on all of them.", cause);
		}
		if (words.contains("permission denied")) {
			return new GrpcServerStartException(this.prefix + ".port", this.port,
					"This user may not listen on the port.", "Choose a port above 1023, or grant the right to bind it.",
					cause);
		}
		return new GrpcServerStartException(this.prefix + ".port", this.port,
				"The server cannot listen: %s.".formatted(reason), "Choose another port or address.", cause);
	}

	@Override
	public SocketAddress address(Server server) {
		InetSocketAddress listening = (InetSocketAddress) server.getListenSockets().get(0);
		return listening.getAddress().isAnyLocalAddress()
				? new InetSocketAddress(InetAddress.getLoopbackAddress(), listening.getPort()) : listening;
	}

	@Override
	public String describe(Server server) {
		return ((this.host != null) ? this.host : "*") + ":" + server.getPort()
				+ ((this.credentials != null) ? " (TLS)" : " (plaintext)");
	}

}
