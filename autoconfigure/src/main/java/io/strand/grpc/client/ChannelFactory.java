package io.strand.grpc.client;

import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
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
import io.grpc.inprocess.InProcessSocketAddress;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.strand.grpc.call.ClientStreamGuard;
import io.strand.grpc.client.ChannelTarget.Kind;
import io.strand.grpc.client.connection.Reconnects;
import io.strand.grpc.client.connection.SpreadChannel;
import io.strand.grpc.client.method.ChannelMethods;
import io.strand.grpc.client.method.ResolvedMethods;
import io.strand.grpc.client.method.ServiceConfig;
import io.strand.grpc.client.method.WaitForReadyInterceptor;
import io.strand.grpc.client.resolve.ResolvedAddresses;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes channels from settings: the transport by the target, then the settings, the
 * interceptors and last the user's customizers. This class is thread-safe.
 */
final class ChannelFactory {

	private static final Log logger = LogFactory.getLog(ChannelFactory.class);

	/** Who waits for longer waits for several attempts. */
	private static final Duration LONGEST_ATTEMPT = Duration.ofSeconds(30);

	private final Supplier<List<ClientInterceptor>> interceptors;

	private final Supplier<List<GrpcChannelCustomizer>> customizers;

	private final OwnServer ownServer;

	/** What runs the callbacks of calls; {@code null} for gRPC's own pool. */
	private final @Nullable Executor callbacks;

	private final NameResolvers nameResolvers;

	private final SelfNameResolverProvider selfResolvers;

	private final Reconnects reconnects = new Reconnects();

	private final ReentrantLock unixEventLoopsLock = new ReentrantLock();

	// Mutable state, guarded by unixEventLoopsLock

	/**
	 * Event loops that have Unix domain sockets on every platform, made when needed.
	 */
	private @Nullable EventLoopGroup unixEventLoops;

	private boolean closed;

	ChannelFactory(Supplier<List<ClientInterceptor>> interceptors, Supplier<List<GrpcChannelCustomizer>> customizers,
			OwnServer ownServer, @Nullable Executor callbacks, NameResolvers nameResolvers) {
		this.interceptors = interceptors;
		this.customizers = customizers;
		this.ownServer = ownServer;
		this.callbacks = callbacks;
		this.nameResolvers = nameResolvers;
		this.selfResolvers = new SelfNameResolverProvider(ownServer);
		NameResolverRegistry.getDefaultRegistry().register(this.selfResolvers);
	}

	ManagedChannel create(String name, ChannelTarget target, ChannelSettings settings, ChannelActivity activity) {
		TrackedChannel channel = new TrackedChannel(connected(name, target, settings, activity));
		activity.made(channel);
		return channel;
	}

	private ManagedChannel connected(String name, ChannelTarget target, ChannelSettings settings,
			ChannelActivity activity) {
		if (settings.connections() == 1) {
			return createOne(name, target, settings, activity);
		}
		List<ManagedChannel> connections = new ArrayList<>();
		try {
			for (int i = 0; i < settings.connections(); i++) {
				connections.add(createOne(name, target, settings, activity));
			}
		}
		catch (RuntimeException | Error ex) {
			connections.forEach(ManagedChannel::shutdownNow);
			throw ex;
		}
		return new SpreadChannel(connections);
	}

	private ManagedChannel createOne(String name, ChannelTarget target, ChannelSettings settings,
			ChannelActivity activity) {
		ServiceConfig serviceConfig = new ServiceConfig();
		ResolvedAddresses addresses = new ResolvedAddresses();
		ManagedChannelBuilder<?> builder = newBuilder(name, target, settings, serviceConfig, addresses);
		builder.addTransportFilter(activity.transportFilter());
		configure(builder, settings);
		if (this.callbacks != null) {
			builder.executor(this.callbacks);
		}
		ClientStreamGuard.prepare(builder, this.callbacks);
		if (target.kind() == Kind.SELF) {
			builder.intercept(new OwnServerCheck(this.ownServer));
		}
		// gRPC runs the interceptor that was added last first: credentials and deadline
		// are innermost, so that they see what the interceptors have set
		builder.intercept(PlaintextCheck.interceptor(name, target, settings));
		builder
			.intercept(new UnavailableDetails(name, target.text(), addresses, TlsMismatch.of(name, target, settings)));
		if (!settings.metadataPropagation().isNone()) {
			builder.intercept(settings.metadataPropagation().interceptor());
		}
		configureMethods(builder, name, target, settings.methods(), serviceConfig);
		List<ClientInterceptor> global = this.interceptors.get();
		for (int i = global.size() - 1; i >= 0; i--) {
			builder.intercept(global.get(i));
		}
		this.customizers.get().forEach((customizer) -> customizer.customize(name, builder));
		// Outermost: the interceptors are no more thread-safe than the transport
		AtomicReference<@Nullable ManagedChannel> built = new AtomicReference<>();
		builder.intercept(
				new ClientStreamGuard(settings.concurrentSend(), settings.blockingSend(), settings.eventLoopQueue(),
						activity.blockedSends(), activity.concurrentUseCounter(), () -> isTerminated(built.get())));
		ManagedChannel channel = this.reconnects.build(builder, settings.maxReconnectBackoff());
		built.set(channel);
		return channel;
	}

	private static boolean isTerminated(@Nullable ManagedChannel channel) {
		return channel != null && channel.isTerminated();
	}

	private ManagedChannelBuilder<?> newBuilder(String name, ChannelTarget target, ChannelSettings settings,
			ServiceConfig serviceConfig, ResolvedAddresses addresses) {
		ChannelCredentials given = settings.credentials();
		ChannelCredentials credentials = (given != null) ? given : InsecureChannelCredentials.create();
		return switch (target.kind()) {
			case RESOLVED ->
				balanced(tcp(target.text(), credentials, settings), name, target, settings, serviceConfig, addresses);
			case STATIC -> balanced(tcp(StaticNameResolverProvider.uri(target), credentials, settings), name, target,
					settings, serviceConfig, addresses);
			case UNIX -> unix(NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(target.unixSocket()),
					ClientStreamGuard.watched(credentials)))
				.overrideAuthority("localhost");
			case IN_PROCESS -> InProcessChannelBuilder.forName(target.rest());
			case SELF -> self(credentials);
		};
	}

	private static NettyChannelBuilder tcp(String target, ChannelCredentials credentials, ChannelSettings settings) {
		Duration timeout = settings.connectTimeout();
		int millis = (int) Math.max(1, Math.min(timeout.toMillis(), LONGEST_ATTEMPT.toMillis()));
		return NettyChannelBuilder.forTarget(target, ClientStreamGuard.watched(credentials))
			.withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis);
	}

	private ManagedChannelBuilder<?> self(ChannelCredentials credentials) {
		String target = this.selfResolvers.target();
		Class<? extends SocketAddress> addressType = this.ownServer.addressType();
		if (addressType == UnixDomainSocketAddress.class) {
			return unix(NettyChannelBuilder.forTarget(target, ClientStreamGuard.watched(credentials)));
		}
		if (addressType == InProcessSocketAddress.class) {
			return InProcessChannelBuilder.forTarget(target);
		}
		return NettyChannelBuilder.forTarget(target, ClientStreamGuard.watched(credentials));
	}

	private NettyChannelBuilder unix(NettyChannelBuilder builder) {
		return builder.channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
			.eventLoopGroup(unixEventLoops())
			.withOption(ChannelOption.SO_KEEPALIVE, null); // of TCP; Netty would warn
	}

	/**
	 * What may have several addresses. Builders of channels that have only one refuse a
	 * policy, also if it was inherited.
	 */
	@SuppressWarnings("deprecation") // gRPC has nothing else for the resolver of one
										// channel
	private ManagedChannelBuilder<?> balanced(ManagedChannelBuilder<?> builder, String name, ChannelTarget target,
			ChannelSettings settings, ServiceConfig serviceConfig, ResolvedAddresses addresses) {
		LoadBalancing balancing = LoadBalancing.of(GrpcChannels.PREFIX + name, settings.balancing());
		balancing.applyTo(builder);
		serviceConfig.with(balancing.serviceConfig());
		return builder.nameResolverFactory(this.nameResolvers.provider(target, settings, addresses));
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
	}

	private static void configureMethods(ManagedChannelBuilder<?> builder, String name, ChannelTarget target,
			ChannelMethods settings, ServiceConfig serviceConfig) {
		ResolvedMethods methods = settings.resolve(GrpcChannels.PREFIX + name, ChannelConfigurationException::new);
		builder.intercept(new DeadlineInterceptor(name, methods, new MissingDeadlines(name, System::nanoTime)));
		if (methods.waitsForReady()) {
			builder.intercept(new WaitForReadyInterceptor(methods));
		}
		serviceConfig.methods(methods).applyTo(builder);
		if (Boolean.FALSE.equals(settings.serviceConfigLookup())) {
			builder.disableServiceConfigLookUp();
		}
		else if (methods.repeatsCalls() && target.text().startsWith("xds:")) {
			logger.warn("Retry and hedging of channel '%s' are left to its control plane: what strand.client.channels"
				.formatted(name) + " says of them is not used with xDS");
		}
	}

	private static <T> void apply(@Nullable T value, boolean ignored, Consumer<T> setter) {
		if (value != null && !ignored) {
			setter.accept(value);
		}
	}

	private EventLoopGroup unixEventLoops() {
		this.unixEventLoopsLock.lock();
		try {
			if (this.closed) {
				throw new IllegalStateException("The application context is closed");
			}
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
		this.reconnects.close();
		EventLoopGroup loops = closeUnixEventLoops();
		if (loops != null) {
			loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
		}
	}

	/**
	 * From here on there are none, also for a channel that is just being made.
	 */
	private @Nullable EventLoopGroup closeUnixEventLoops() {
		this.unixEventLoopsLock.lock();
		try {
			this.closed = true;
			return this.unixEventLoops;
		}
		finally {
			this.unixEventLoopsLock.unlock();
		}
	}

}
