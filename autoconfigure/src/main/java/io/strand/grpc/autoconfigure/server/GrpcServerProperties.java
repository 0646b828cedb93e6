package io.strand.grpc.autoconfigure.server;

import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.Threading;
import io.strand.grpc.service.scope.LogContextEntry;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.convert.DurationUnit;
import org.springframework.util.unit.DataSize;

/**
 * Properties of the gRPC server.
 */
@ConfigurationProperties("strand.server")
public class GrpcServerProperties {

	/**
	 * Whether to start a gRPC server for the application's services.
	 */
	private boolean enabled = true;

	/**
	 * TCP port to listen on; 0 for any free port, -1 for no TCP port.
	 */
	private int port = 9090;

	/**
	 * Host name or address that the port is bound to; all addresses of the machine if not
	 * set.
	 */
	private @Nullable String address;

	/**
	 * File of a Unix domain socket to listen on, beside the TCP port; none if not set.
	 */
	private @Nullable Path unixSocket;

	/**
	 * Whether to serve beans that are a BindableService but have no @GrpcService.
	 */
	private boolean serveAllBindableServices = true;

	/**
	 * How long a stop waits for calls in flight before it cancels them; 0 to cancel them
	 * at once. In seconds if it has no unit. A period longer than
	 * spring.lifecycle.timeout-per-shutdown-phase needs that one raised too.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration shutdownGracePeriod = Duration.ofSeconds(20);

	/**
	 * How long a stop still takes new calls, while its health says NOT_SERVING, before it
	 * closes its addresses and the grace period begins: for load balancers that go on to
	 * send calls until they have noticed. In seconds if it has no unit. It counts in
	 * spring.lifecycle.timeout-per-shutdown-phase too.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration shutdownDrainDelay = Duration.ZERO;

	/**
	 * Largest message that is accepted, after decompression. Has no effect on calls
	 * in-process, whose messages are not encoded. In bytes if it has no unit.
	 */
	private DataSize maxInboundMessageSize = DataSize.ofMegabytes(4);

	/**
	 * Largest headers that are accepted, all entries of a call together. In bytes if it
	 * has no unit.
	 */
	private DataSize maxInboundMetadataSize = DataSize.ofKilobytes(8);

	/**
	 * Settings of services by their full proto name, such as '[shop.Orders]', which go
	 * before those of the server.
	 */
	private final Map<String, HandlerGroup> services = new LinkedHashMap<>();

	/**
	 * Settings of methods by their full name, such as '[shop.Orders/Place]', which go
	 * before those of their service.
	 */
	private final Map<String, HandlerGroup> methods = new LinkedHashMap<>();

	/**
	 * Further listeners by their names, each with a port, TLS, services and interceptors
	 * of its own.
	 */
	private final Map<String, ListenerProperties> listeners = new LinkedHashMap<>();

	private final Handler handler = new Handler();

	private final Streams streams = new Streams();

	@NestedConfigurationProperty
	private final LimitsProperties limits = new LimitsProperties();

	private final Errors errors = new Errors();

	private final Validation validation = new Validation();

	private final InProcess inProcess = new InProcess();

	/**
	 * TLS on the TCP port.
	 */
	@NestedConfigurationProperty
	private final ServerSslProperties ssl = new ServerSslProperties();

	public boolean isEnabled() {
		return this.enabled;
	}

	public void setEnabled(boolean enabled) {
		this.enabled = enabled;
	}

	public int getPort() {
		return this.port;
	}

	public void setPort(int port) {
		this.port = port;
	}

	public @Nullable String getAddress() {
		return this.address;
	}

	public void setAddress(@Nullable String address) {
		this.address = address;
	}

	public @Nullable Path getUnixSocket() {
		return this.unixSocket;
	}

	public void setUnixSocket(@Nullable Path unixSocket) {
		this.unixSocket = unixSocket;
	}

	public boolean isServeAllBindableServices() {
		return this.serveAllBindableServices;
	}

	public void setServeAllBindableServices(boolean serveAllBindableServices) {
		this.serveAllBindableServices = serveAllBindableServices;
	}

	public Duration getShutdownGracePeriod() {
		return this.shutdownGracePeriod;
	}

	public void setShutdownGracePeriod(Duration shutdownGracePeriod) {
		this.shutdownGracePeriod = shutdownGracePeriod;
	}

	public Duration getShutdownDrainDelay() {
		return this.shutdownDrainDelay;
	}

	public void setShutdownDrainDelay(Duration shutdownDrainDelay) {
		this.shutdownDrainDelay = shutdownDrainDelay;
	}

	public DataSize getMaxInboundMessageSize() {
		return this.maxInboundMessageSize;
	}

	public void setMaxInboundMessageSize(DataSize maxInboundMessageSize) {
		this.maxInboundMessageSize = maxInboundMessageSize;
	}

	public DataSize getMaxInboundMetadataSize() {
		return this.maxInboundMetadataSize;
	}

	public void setMaxInboundMetadataSize(DataSize maxInboundMetadataSize) {
		this.maxInboundMetadataSize = maxInboundMetadataSize;
	}

	public Map<String, HandlerGroup> getServices() {
		return this.services;
	}

	public Map<String, HandlerGroup> getMethods() {
		return this.methods;
	}

	public Map<String, ListenerProperties> getListeners() {
		return this.listeners;
	}

	public Handler getHandler() {
		return this.handler;
	}

	public Streams getStreams() {
		return this.streams;
	}

	public LimitsProperties getLimits() {
		return this.limits;
	}

	public Errors getErrors() {
		return this.errors;
	}

	public Validation getValidation() {
		return this.validation;
	}

	public InProcess getInProcess() {
		return this.inProcess;
	}

	public ServerSslProperties getSsl() {
		return this.ssl;
	}

	/**
	 * What clients are told of exceptions.
	 */
	public static class Errors {

		/**
		 * Whether exceptions that no advice is for, and that can mean but one thing, are
		 * mapped to the status for that: those of validation, data access, transactions
		 * and Spring Security. All others are UNKNOWN.
		 */
		private boolean defaultMapping = true;

		public boolean isDefaultMapping() {
			return this.defaultMapping;
		}

		public void setDefaultMapping(boolean defaultMapping) {
			this.defaultMapping = defaultMapping;
		}

	}

	/**
	 * Validation of requests.
	 */
	public static class Validation {

		/**
		 * Whether requests are validated against the protovalidate rules in their .proto
		 * file, if that library is on the class path.
		 */
		private boolean enabled = true;

		public boolean isEnabled() {
			return this.enabled;
		}

		public void setEnabled(boolean enabled) {
			this.enabled = enabled;
		}

	}

	/**
	 * A server for this JVM alone.
	 */
	public static class InProcess {

		/**
		 * Name of an in-process server that serves the same services; none if not set.
		 */
		private @Nullable String name;

		public @Nullable String getName() {
			return this.name;
		}

		public void setName(@Nullable String name) {
			this.name = name;
		}

	}

	/**
	 * Threads of handlers.
	 */
	public static class Handler {

		/**
		 * The kind of thread that calls run on: virtual where the JVM has them and else
		 * platform (auto), a virtual one for each call (virtual), one of a bounded pool
		 * (platform), or (event-loop) that of the connection, on which nothing may block.
		 */
		private Threading threading = Threading.AUTO;

		/**
		 * Whether the end of a call by its client, deadline or connection interrupts the
		 * thread of its handler. An interrupt closes files that are read by NIO, which
		 * embedded databases may not survive.
		 */
		private boolean interruptOnCancel = true;

		/**
		 * What the log lines of a call tell of it, in the MDC: its method (grpc.method),
		 * its number (grpc.callId), the address of its client (grpc.peer). Method and
		 * number if not set, nothing if empty.
		 */
		private Set<LogContextEntry> logContext = EnumSet.of(LogContextEntry.METHOD, LogContextEntry.CALL_ID);

		public Set<LogContextEntry> getLogContext() {
			return this.logContext;
		}

		public void setLogContext(Set<LogContextEntry> logContext) {
			this.logContext = logContext;
		}

		public Threading getThreading() {
			return this.threading;
		}

		public void setThreading(Threading threading) {
			this.threading = threading;
		}

		public boolean isInterruptOnCancel() {
			return this.interruptOnCancel;
		}

		public void setInterruptOnCancel(boolean interruptOnCancel) {
			this.interruptOnCancel = interruptOnCancel;
		}

		private final Platform platform = new Platform();

		public Platform getPlatform() {
			return this.platform;
		}

		/**
		 * The pool of platform threads.
		 */
		public static class Platform {

			/**
			 * How many platform threads run calls at most; further calls wait for one.
			 */
			private int maxThreads = 200;

			public int getMaxThreads() {
				return this.maxThreads;
			}

			public void setMaxThreads(int maxThreads) {
				this.maxThreads = maxThreads;
			}

		}

	}

	/**
	 * Streams that the server sends.
	 */
	public static class Streams {

		/**
		 * What happens when a second thread sends on a stream while a first one does: it
		 * waits for its turn (serialize), gets an exception (fail), or is left to break
		 * the stream as in plain gRPC (off).
		 */
		private ConcurrentSend concurrentSend = ConcurrentSend.SERIALIZE;

		/**
		 * How much may be queued on a stream before a sender waits; 32KB if not set. In
		 * bytes if it has no unit.
		 */
		private @Nullable DataSize readyThreshold;

		/**
		 * How many messages threads that must not wait, such as event loops, may send on
		 * a stream whose client does not read.
		 */
		private int eventLoopQueue = HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE;

		public ConcurrentSend getConcurrentSend() {
			return this.concurrentSend;
		}

		public void setConcurrentSend(ConcurrentSend concurrentSend) {
			this.concurrentSend = concurrentSend;
		}

		public @Nullable DataSize getReadyThreshold() {
			return this.readyThreshold;
		}

		public void setReadyThreshold(@Nullable DataSize readyThreshold) {
			this.readyThreshold = readyThreshold;
		}

		public int getEventLoopQueue() {
			return this.eventLoopQueue;
		}

		public void setEventLoopQueue(int eventLoopQueue) {
			this.eventLoopQueue = eventLoopQueue;
		}

	}

	/**
	 * Settings of one service or method.
	 */
	public static class HandlerGroup {

		/**
		 * The kind of thread that its calls run on; inherited from service or server if
		 * not set.
		 */
		private @Nullable Threading threading;

		/**
		 * Whether cancellation interrupts the threads of its handlers; inherited from
		 * service or server if not set.
		 */
		private @Nullable Boolean interruptOnCancel;

		/**
		 * What two senders on one of its streams get; inherited from service or server if
		 * not set.
		 */
		private @Nullable ConcurrentSend concurrentSend;

		/**
		 * How many of its handlers may run at the same time, beside the limits of its
		 * service and of the server; no limit of its own if not set.
		 */
		private @Nullable Integer maxConcurrentCalls;

		/**
		 * How long its calls wait at a limit before they are refused; inherited from
		 * service or server if not set. In milliseconds if it has no unit.
		 */
		private @Nullable Duration maxWait;

		/**
		 * How long its calls may last before they are ended as DEADLINE_EXCEEDED;
		 * inherited from service or server if not set, 0 for no limit. In milliseconds if
		 * it has no unit.
		 */
		private @Nullable Duration maxCallDuration;

		public @Nullable Threading getThreading() {
			return this.threading;
		}

		public void setThreading(@Nullable Threading threading) {
			this.threading = threading;
		}

		public @Nullable Boolean getInterruptOnCancel() {
			return this.interruptOnCancel;
		}

		public void setInterruptOnCancel(@Nullable Boolean interruptOnCancel) {
			this.interruptOnCancel = interruptOnCancel;
		}

		public @Nullable ConcurrentSend getConcurrentSend() {
			return this.concurrentSend;
		}

		public void setConcurrentSend(@Nullable ConcurrentSend concurrentSend) {
			this.concurrentSend = concurrentSend;
		}

		public @Nullable Integer getMaxConcurrentCalls() {
			return this.maxConcurrentCalls;
		}

		public void setMaxConcurrentCalls(@Nullable Integer maxConcurrentCalls) {
			this.maxConcurrentCalls = maxConcurrentCalls;
		}

		public @Nullable Duration getMaxWait() {
			return this.maxWait;
		}

		public void setMaxWait(@Nullable Duration maxWait) {
			this.maxWait = maxWait;
		}

		public @Nullable Duration getMaxCallDuration() {
			return this.maxCallDuration;
		}

		public void setMaxCallDuration(@Nullable Duration maxCallDuration) {
			this.maxCallDuration = maxCallDuration;
		}

	}

}
