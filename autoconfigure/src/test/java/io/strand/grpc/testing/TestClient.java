package io.strand.grpc.testing;

import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;

/**
 * A client that is plain grpc-java, so that a test of the server tests nothing else. It
 * has its own connection. Calls end after ten seconds. Closing it waits until its
 * connection has ended.
 */
public final class TestClient implements AutoCloseable {

	private final ManagedChannel channel;

	private final Runnable release;

	private TestClient(ManagedChannel channel, Runnable release) {
		this.channel = channel;
		this.release = release;
	}

	public static TestClient tcp(int port) {
		return tcp(port, InsecureChannelCredentials.create());
	}

	public static TestClient tcp(int port, ChannelCredentials credentials) {
		return new TestClient(Grpc.newChannelBuilderForAddress("localhost", port, credentials).build(), () -> {
		});
	}

	public static TestClient inProcess(String name) {
		return new TestClient(InProcessChannelBuilder.forName(name).build(), () -> {
		});
	}

	public static TestClient unixSocket(Path path) {
		EventLoopGroup eventLoops = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("test-client", true),
				NioIoHandler.newFactory());
		ManagedChannel channel = NettyChannelBuilder
			.forAddress(UnixDomainSocketAddress.of(path), InsecureChannelCredentials.create())
			.overrideAuthority("localhost")
			.eventLoopGroup(eventLoops)
			.withOption(ChannelOption.SO_KEEPALIVE, null)
			.channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
			.build();
		return new TestClient(channel,
				() -> eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS));
	}

	/**
	 * The text that {@link EchoService} answers with.
	 * @param text the text to send
	 * @return the text that came back
	 */
	public String echo(String text) {
		return echo().unary(Message.newBuilder().setText(text).build()).getText();
	}

	public EchoGrpc.EchoBlockingStub echo() {
		return EchoGrpc.newBlockingStub(this.channel).withDeadlineAfter(10, TimeUnit.SECONDS);
	}

	public CounterGrpc.CounterBlockingStub counter() {
		return CounterGrpc.newBlockingStub(this.channel).withDeadlineAfter(10, TimeUnit.SECONDS);
	}

	public StockGrpc.StockFutureStub stock() {
		return StockGrpc.newFutureStub(this.channel).withDeadlineAfter(10, TimeUnit.SECONDS);
	}

	public ManagedChannel channel() {
		return this.channel;
	}

	@Override
	public void close() {
		try {
			if (!this.channel.shutdownNow().awaitTermination(30, TimeUnit.SECONDS)) {
				throw new IllegalStateException("The channel does not end");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		finally {
			this.release.run();
		}
	}

}
