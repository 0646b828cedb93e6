package io.strand.grpc.server;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.TimeUnit;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * A Unix domain socket: a file that processes of the same machine connect to. A socket
 * file left behind by a process that died is replaced; one that somebody listens on is
 * not.
 */
class UnixSocketEndpoint implements ServerEndpoint {

	private final String property;

	private final Path path;

	private final Connections connections;

	private @Nullable EventLoopGroup eventLoops;

	private boolean bound;

	/**
	 * Makes an endpoint.
	 * @param prefix what the names of its properties begin with
	 * @param path the file
	 * @param connections what its connections are counted among
	 */
	UnixSocketEndpoint(String prefix, Path path, Connections connections) {
		this.property = prefix + ".unix-socket";
		this.path = path;
		this.connections = connections;
	}

	@Override
	public ServerBuilder<?> newBuilder() {
		UnixDomainSocketAddress address;
		try {
			address = UnixDomainSocketAddress.of(this.path);
		}
		catch (UnsupportedOperationException ex) {
			throw new GrpcServerStartException(this.property, this.path, "This platform has no Unix domain sockets.",
					"Remove the property and use a port.", ex);
		}
		removeStaleFile(address);
		// The shared event loops of gRPC are epoll's where it is available; these are
		// NIO's, which has Unix domain sockets on every platform
		this.eventLoops = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("strand-unix-socket", true),
				NioIoHandler.newFactory());
		return this.connections
			.limit(NettyServerBuilder.forAddress(address, this.connections.counted(InsecureServerCredentials.create())))
			.channelType(NioServerDomainSocketChannel.class)
			// gRPC sets it for TCP; Netty would warn of it at every connection
			.withChildOption(ChannelOption.SO_KEEPALIVE, null)
			.bossEventLoopGroup(this.eventLoops)
			.workerEventLoopGroup(this.eventLoops);
	}

	private void removeStaleFile(UnixDomainSocketAddress address) {
		if (!Files.exists(this.path, LinkOption.NOFOLLOW_LINKS)) {
			return;
		}
		try {
			if (!Files.readAttributes(this.path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).isOther()) {
				throw new GrpcServerStartException(this.property, this.path, "A file that is no socket is in the way.",
						"Remove the file or choose another path.", null);
			}
			if (isListening(address)) {
				throw new GrpcServerStartException(this.property, this.path, "Another process listens on the socket.",
						"Stop that process or choose another path.", null);
			}
			Files.deleteIfExists(this.path);
		}
		catch (IOException ex) {
			throw startFailure(ex);
		}
	}

	private static boolean isListening(UnixDomainSocketAddress address) throws IOException {
		try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
			return channel.connect(address);
		}
		catch (ConnectException ex) {
			return false; // Refused: nobody listens any more
		}
	}

	@Override
	public void start(Server server) {
		ServerEndpoint.super.start(server);
		this.bound = true;
	}

	@Override
	public GrpcServerStartException startFailure(IOException cause) {
		return new GrpcServerStartException(this.property, this.path,
				"The socket cannot be made: %s.".formatted(ServerEndpoint.rootMessage(cause)),
				"Check that its directory exists and is writable, and that the path is shorter than 100 characters.",
				cause);
	}

	@Override
	public SocketAddress address(Server server) {
		return UnixDomainSocketAddress.of(this.path);
	}

	@Override
	public String describe(Server server) {
		return "unix:" + this.path;
	}

	@Override
	public void release() {
		EventLoopGroup loops = this.eventLoops;
		if (loops != null) {
			loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
			this.eventLoops = null;
		}
		if (this.bound) {
			// Nobody else does; and a file that this endpoint did not make is not its own
			this.path.toFile().delete();
			this.bound = false;
		}
	}

}
