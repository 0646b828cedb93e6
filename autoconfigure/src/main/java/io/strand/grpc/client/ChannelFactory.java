package io.strand.grpc.client;

import java.net.UnixDomainSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.NameResolverRegistry;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes channels from settings: the transport by the target, then the settings, the
 * interceptors and last the user's customizers. This class is thread-safe.
 */
final class ChannelFactory {

	private final Supplier<List<ClientInterceptor>> interceptors;

	private final Supplier<List<GrpcChannelCustomizer>> customizers;

	private final OwnServer ownServer;

	private final SelfNameResolverProvider selfResolvers;

	/**
	 * Event loops that have Unix domain sockets on every platform, made when needed.
	 */
	private volatile @Nullable EventLoopGroup unixEventLoops;

	private final ReentrantLock unixEventLoopsLock = new ReentrantLock();

	ChannelFactory(Supplier<List<ClientInterceptor>> interceptors, Supplier<List<GrpcChannelCustomizer>> customizers,
			OwnServer ownServer) {
		this.interceptors = interceptors;
		this.customizers = customizers;
		this.ownServer = ownServer;
		this.selfResolvers = new SelfNameResolverProvider(ownServer);
		NameResolverRegistry.getDefaultRegistry().register(this.selfResolvers);
	}

	ManagedChannel create(String name, ChannelTarget target, ChannelSettings settings) {
		ManagedChannelBuilder<?> builder = newBuilder(name, target, settings);
		configure(builder, settings);
		// gRPC runs the interceptor that was added last first: the deadline is innermost,
		// so that it sees what the interceptors have set
		if (settings.deadline() != null || settings.streamDeadline() != null) {
			builder.intercept(new DeadlineInterceptor(settings.deadline(), settings.streamDeadline()));
		}
		List<ClientInterceptor> global = this.interceptors.get();
		for (int i = global.size() - 1; i >= 0; i--) {
			builder.intercept(global.get(i));
		}
		this.customizers.get().forEach((customizer) -> customizer.customize(name, builder));
		return builder.build();
	}

	private ManagedChannelBuilder<?> newBuilder(String name, ChannelTarget target, ChannelSettings settings) {
		ChannelCredentials given = settings.credentials();
		ChannelCredentials credentials = (given != null) ? given : InsecureChannelCredentials.create();
		return switch (target.kind()) {
			case RESOLVED -> NettyChannelBuilder.forTarget(target.text(), credentials);
			case STATIC -> NettyChannelBuilder.forTarget(target.text(), credentials)
				// a list of hosts is there to be used, not only to fall back on
				.defaultLoadBalancingPolicy((target.addresses().size() > 1) ? "round_robin" : "pick_first");
			case UNIX -> NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(target.unixSocket()), credentials)
				.channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
				.eventLoopGroup(unixEventLoops())
				.overrideAuthority("localhost");
			case IN_PROCESS -> InProcessChannelBuilder.forName(target.rest());
			case SELF -> {
				String other = this.ownServer.targetWithoutTcp();
				yield (other != null) ? newBuilder(name, ChannelTarget.parse(other), settings)
						: NettyChannelBuilder.forTarget(this.selfResolvers.target(), credentials);
			}
		};
	}

	private static void configure(ManagedChannelBuilder<?> builder, ChannelSettings settings) {
		boolean inProcess = builder instanceof InProcessChannelBuilder;
		apply(settings.keepAliveTime(), inProcess,
				(value) -> builder.keepAliveTime(value.toNanos(), TimeUnit.NANOSECONDS));
		apply(settings.keepAliveTimeout(), inProcess,
				(value) -> builder.keepAliveTimeout(value.toNanos(), TimeUnit.NANOSECONDS));
		apply(settings.keepAliveWithoutCalls(), inProcess, builder::keepAliveWithoutCalls);
		apply(settings.idleTimeout(), false, (value) -> builder.idleTimeout(value.toNanos(), TimeUnit.NANOSECONDS));
		apply(settings.maxInboundMessageSize(), false, builder::maxInboundMessageSize);
		apply(settings.maxInboundMetadataSize(), false, builder::maxInboundMetadataSize);
		apply(settings.userAgent(), false, builder::userAgent);
		apply(settings.authority(), false, builder::overrideAuthority);
		apply(settings.loadBalancingPolicy(), inProcess, builder::defaultLoadBalancingPolicy);
	}

	private static <T> void apply(@Nullable T value, boolean ignored, Consumer<T> setter) {
		if (value != null && !ignored) {
			setter.accept(value);
		}
	}

	private EventLoopGroup unixEventLoops() {
		this.unixEventLoopsLock.lock();
		try {
			EventLoopGroup loops = this.unixEventLoops;
			if (loops == null) {
				loops = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("strand-unix-socket-client", true),
						NioIoHandler.newFactory());
				this.unixEventLoops = loops;
			}
			return loops;
		}
		finally {
			this.unixEventLoopsLock.unlock();
		}
	}

	void close() {
		NameResolverRegistry.getDefaultRegistry().deregister(this.selfResolvers);
		EventLoopGroup loops = this.unixEventLoops;
		if (loops != null) {
			loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
		}
	}

}
