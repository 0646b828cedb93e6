package io.strand.grpc.server;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

import io.grpc.ServerBuilder;
import io.grpc.ServerServiceDefinition;
import io.strand.grpc.call.CallEngine;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;

/**
 * The one gRPC server of an application. It serves every registered service at every
 * address it listens on: a TCP port, a Unix domain socket, an in-process name. Further
 * listeners have services of their own.
 *
 * <p>
 * It starts in the last phase of the context's lifecycle and stops in the first. A stop
 * goes on to take calls for the drain delay, then takes none, waits for those in flight
 * up to the grace period, then cancels them. It may be started again, on the same
 * addresses. This class is thread-safe; start and stop exclude each other, and no event
 * is published while they do.
 */
public final class GrpcServer implements SmartLifecycle {

	private static final Log logger = LogFactory.getLog(GrpcServer.class);

	private final GrpcServerSettings settings;

	private final List<ServerServiceDefinition> services;

	private final List<ServerListener> listeners;

	private final CallEngine engine;

	private final ApplicationEventPublisher events;

	private final Connections connections;

	private final ServerAssembly assembly;

	/** Held while starting and stopping. */
	private final ReentrantLock transition = new ReentrantLock();

	/** What runs now; replaced as a whole, {@code null} while stopped. */
	private volatile @Nullable RunningServer running;

	/**
	 * Makes a server that does not run yet.
	 * @param settings where it listens and what it limits
	 * @param services what it serves, prepared by the engine
	 * @param customizer changes the builder of each address, before the engine is
	 * installed
	 * @param engine what runs the calls; closed by its owner, not by the server
	 * @param events where it tells of its start and stop
	 */
	public GrpcServer(GrpcServerSettings settings, List<ServerServiceDefinition> services,
			Consumer<ServerBuilder<?>> customizer, CallEngine engine, ApplicationEventPublisher events) {
		this(settings, List.of(), services, customizer, engine, events);
	}

	/**
	 * Makes a server with further listeners that does not run yet.
	 * @param settings where it listens and what it limits
	 * @param listeners where else it listens, and what for
	 * @param services what it serves, prepared by the engine
	 * @param customizer changes the builder of each address, before the engine is
	 * installed
	 * @param engine what runs the calls; closed by its owner, not by the server
	 * @param events where it tells of its start and stop
	 * @throws GrpcServerStartException if a listener names a service that is not served
	 */
	public GrpcServer(GrpcServerSettings settings, List<ServerListener> listeners,
			List<ServerServiceDefinition> services, Consumer<ServerBuilder<?>> customizer, CallEngine engine,
			ApplicationEventPublisher events) {
		this(settings, listeners, services, customizer, UninterceptedServices.WARN, engine, events);
	}

	/**
	 * Makes a server with further listeners that does not run yet.
	 * @param settings where it listens and what it limits
	 * @param listeners where else it listens, and what for
	 * @param services what it serves, prepared by the engine
	 * @param customizer changes the builder of each address, before the engine is
	 * installed
	 * @param unintercepted what becomes of services that the customizer adds
	 * @param engine what runs the calls; closed by its owner, not by the server
	 * @param events where it tells of its start and stop
	 * @throws GrpcServerStartException if a listener names a service that is not served
	 */
	public GrpcServer(GrpcServerSettings settings, List<ServerListener> listeners,
			List<ServerServiceDefinition> services, Consumer<ServerBuilder<?>> customizer,
			UninterceptedServices unintercepted, CallEngine engine, ApplicationEventPublisher events) {
		NettyLog.guard(); // before a connection has Netty load its classes
		this.settings = settings;
		this.listeners = List.copyOf(listeners);
		this.services = List.copyOf(services);
		this.engine = engine;
		this.events = events;
		this.connections = new Connections(settings.limits());
		this.assembly = new ServerAssembly(settings, this.listeners, new ServicesByListener(services, listeners),
				customizer, unintercepted, engine, this.connections);
	}

	@Override
	public void start() {
		RunningServer started;
		this.transition.lock();
		try {
			if (this.running != null) {
				return;
			}
			started = startEndpoints();
			this.running = started;
		}
		finally {
			this.transition.unlock();
		}
		logger.info(startMessage(started));
		if (!started.isEmpty() && !this.settings.limits().description().isEmpty()) {
			logger.info("gRPC server limits: " + this.settings.limits().description());
		}
		this.events.publishEvent(new GrpcServerStartedEvent(this));
	}

	private RunningServer startEndpoints() {
		TransportLog.guard();
		RunningServer starting = new RunningServer(this.engine, this.connections);
		try {
			for (ServerEndpoint endpoint : this.assembly.endpoints()) {
				starting.start(endpoint, this.assembly::build);
			}
			starting.keepJvmAlive();
			return starting;
		}
		catch (RuntimeException | Error ex) {
			starting.stop(Duration.ZERO, Duration.ZERO);
			throw ex;
		}
	}

	private String startMessage(RunningServer started) {
		String names = String.join(", ", getServices());
		if (started.isEmpty()) {
			return "gRPC server has no address to listen on (strand.server.port=-1, no unix-socket, no in-process.name);"
					+ " services not reachable: " + names;
		}
		return "gRPC server started on %s, each call on its own %s thread, serving %s".formatted(started,
				this.engine.isVirtualByDefault() ? "virtual" : "platform", names);
	}

	/**
	 * Stops gracefully and blocks meanwhile: for the drain delay, the grace period at
	 * most, and the few seconds that cancelled calls are given to end. Stops at the same
	 * time all return when the server has stopped; the first of them publishes both
	 * events, so that they are published once and in their order, and others may return
	 * before it has.
	 */
	@Override
	public void stop() {
		RunningServer stopping = runningAfterTransition();
		if (stopping == null) {
			return;
		}
		if (!stopping.announceStop()) {
			// Does not wait for the events: a listener may wait for this thread
			stop(stopping);
			return;
		}
		try {
			this.events.publishEvent(new GrpcServerStoppingEvent(this));
		}
		finally {
			// Also when a listener failed: nobody else would stop the server
			stop(stopping);
			this.events.publishEvent(new GrpcServerStoppedEvent(this));
		}
	}

	/**
	 * A stop that meets a start waits for it: what is started is to be stopped.
	 */
	private @Nullable RunningServer runningAfterTransition() {
		this.transition.lock();
		try {
			return this.running;
		}
		finally {
			this.transition.unlock();
		}
	}

	private void stop(RunningServer stopping) {
		this.transition.lock();
		try {
			if (this.running != stopping) {
				return;
			}
			stopping.stop(this.settings.shutdownDrainDelay(), this.settings.shutdownGracePeriod());
			this.running = null;
		}
		finally {
			this.transition.unlock();
		}
	}

	/**
	 * Stops gracefully in a thread of its own, so that beans of the same phase stop at
	 * the same time.
	 * @param callback called when the server has stopped, also when the stop failed
	 */
	@Override
	public void stop(Runnable callback) {
		Thread thread = new Thread(() -> {
			try {
				stop();
			}
			finally {
				callback.run();
			}
		}, "grpc-server-stop");
		thread.start();
	}

	@Override
	public boolean isRunning() {
		return this.running != null;
	}

	/**
	 * The last to start and the first to stop.
	 * @return the highest phase
	 */
	@Override
	public int getPhase() {
		return Integer.MAX_VALUE;
	}

	/**
	 * The TCP port that the server listens on.
	 * @return the port, or -1 while the server does not run or if it has none
	 */
	public int getPort() {
		RunningServer current = this.running;
		return (current != null && this.settings.port() >= 0) ? current.port() : -1;
	}

	/**
	 * The TCP port of one of its listeners.
	 * @param listener the name of the listener
	 * @return the port, or -1 while the server does not run or if there is none
	 */
	public int getPort(String listener) {
		RunningServer current = this.running;
		return (current != null) ? current.port(listener) : -1;
	}

	/**
	 * The names of its listeners beside the main addresses.
	 * @return the names
	 */
	public List<String> getListeners() {
		return this.listeners.stream().map(ServerListener::name).toList();
	}

	/**
	 * Where this application reaches its own server: the TCP port if there is one, else
	 * the Unix domain socket, else the in-process name.
	 * @return an address, or {@code null} while the server does not run or if it has none
	 */
	public @Nullable SocketAddress getLocalAddress() {
		RunningServer current = this.running;
		return (current != null && hasMainAddress()) ? current.localAddress() : null;
	}

	private boolean hasMainAddress() {
		return this.settings.port() >= 0 || this.settings.unixSocket() != null || this.settings.inProcessName() != null;
	}

	/**
	 * How many connections are open at its TCP ports and Unix domain sockets, silent ones
	 * too.
	 * @return the number at this moment
	 */
	public int getConnectionCount() {
		return this.connections.open();
	}

	/**
	 * How many connections were closed as soon as they were accepted because there were
	 * too many.
	 * @return the number since this server was made
	 */
	public long getRefusedConnectionCount() {
		return this.connections.refused();
	}

	/**
	 * What its connections are allowed.
	 * @return the limits
	 */
	public TransportLimits getTransportLimits() {
		return this.settings.limits();
	}

	/**
	 * Where the server listens.
	 * @return its addresses in words; none while it does not run
	 */
	public List<String> getAddresses() {
		RunningServer current = this.running;
		return (current != null) ? current.addresses() : List.of();
	}

	/**
	 * The full proto names of the services it serves, such as {@code shop.Orders}.
	 * @return the names, in the order of registration
	 */
	public List<String> getServices() {
		return this.services.stream().map((service) -> service.getServiceDescriptor().getName()).toList();
	}

}
