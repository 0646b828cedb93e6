package io.strand.grpc.testing;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerTransportFilter;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.HandlerSettings;

/**
 * A server with the call engine, or without it, and a channel to it.
 */
public final class EngineServer implements AutoCloseable {

	/** What runs the handlers. */
	public enum Kind {

		STRAND_NETTY, STRAND_NETTY_PLATFORM, STRAND_IN_PROCESS, PLAIN_GRPC;

		public boolean isStrand() {
			return this != PLAIN_GRPC;
		}

	}

	private static final AtomicInteger names = new AtomicInteger();

	private final Kind kind;

	private final CallEngine engine;

	private final Server server;

	private final ManagedChannel channel;

	private final ExecutorService plainExecutor = Executors.newCachedThreadPool();

	private final AtomicInteger connectionCount = new AtomicInteger();

	private final String name = "engine-server-" + names.incrementAndGet();

	public EngineServer(Kind kind, HandlerSettings settings, List<ServerInterceptor> interceptors,
			BindableService... services) {
		this(kind, settings, interceptors, UnaryOperator.identity(), services);
	}

	public EngineServer(Kind kind, HandlerSettings settings, List<ServerInterceptor> interceptors,
			UnaryOperator<NettyChannelBuilder> client, BindableService... services) {
		this(kind, (method) -> settings, 200, interceptors, client, services);
	}

	public EngineServer(Kind kind, Function<MethodDescriptor<?, ?>, HandlerSettings> settings, int maxPlatformThreads,
			List<ServerInterceptor> interceptors, UnaryOperator<NettyChannelBuilder> client,
			BindableService... services) {
		this(kind, settings, maxPlatformThreads, interceptors, (builder) -> {
		}, client, services);
	}

	public EngineServer(Kind kind, Consumer<ServerBuilder<?>> configurer, BindableService... services) {
		this(kind, (method) -> HandlerSettings.DEFAULT, 200, List.of(), configurer, UnaryOperator.identity(), services);
	}

	private EngineServer(Kind kind, Function<MethodDescriptor<?, ?>, HandlerSettings> settings, int maxPlatformThreads,
			List<ServerInterceptor> interceptors, Consumer<ServerBuilder<?>> configurer,
			UnaryOperator<NettyChannelBuilder> client, BindableService... services) {
		this.kind = kind;
		this.engine = new CallEngine(settings, kind != Kind.STRAND_NETTY_PLATFORM, maxPlatformThreads);
		ServerBuilder<?> builder = (kind == Kind.STRAND_IN_PROCESS) ? InProcessServerBuilder.forName(this.name)
				: NettyServerBuilder.forPort(0).flowControlWindow(65535);
		builder.addTransportFilter(new ServerTransportFilter() {

			@Override
			public Attributes transportReady(Attributes attributes) {
				EngineServer.this.connectionCount.incrementAndGet();
				return attributes;
			}

		});
		for (BindableService service : services) {
			builder.addService(ServerInterceptors.interceptForward(
					kind.isStrand() ? this.engine.prepare(service.bindService()) : service.bindService(),
					interceptors));
		}
		if (kind.isStrand()) {
			this.engine.prepare(builder);
			this.engine.install(builder);
		}
		else {
			builder.executor(this.plainExecutor);
		}
		configurer.accept(builder);
		try {
			this.server = builder.build().start();
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
		this.channel = newChannel(client);
	}

	public ManagedChannel newChannel(UnaryOperator<NettyChannelBuilder> client) {
		if (this.kind == Kind.STRAND_IN_PROCESS) {
			return InProcessChannelBuilder.forName(this.name).build();
		}
		return client
			.apply(NettyChannelBuilder.forAddress("localhost", this.server.getPort())
				.usePlaintext()
				.flowControlWindow(65535))
			.build();
	}

	public Kind kind() {
		return this.kind;
	}

	public ManagedChannel channel() {
		return this.channel;
	}

	public Server server() {
		return this.server;
	}

	public CallEngine engine() {
		return this.engine;
	}

	public int connections() {
		return this.connectionCount.get();
	}

	@Override
	public void close() throws InterruptedException {
		this.channel.shutdownNow();
		this.server.shutdownNow();
		this.channel.awaitTermination(5, TimeUnit.SECONDS);
		this.server.awaitTermination(5, TimeUnit.SECONDS);
		this.engine.close();
		this.plainExecutor.shutdownNow();
	}

}
