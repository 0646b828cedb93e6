package io.strand.grpc.autoconfigure.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.client.ConnectMode;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.util.unit.DataSize;

/**
 * Properties of gRPC channels.
 */
@ConfigurationProperties("strand.client")
public class GrpcClientProperties {

	/**
	 * Whether to provide channels and stubs.
	 */
	private boolean enabled = true;

	/**
	 * Channels by name. What the channel 'default' sets is inherited by the others.
	 */
	private final Map<String, ChannelProperties> channels = new LinkedHashMap<>();

	/**
	 * Names of headers that calls take over from the call that is being served, unless
	 * they set them themselves, on all channels that say nothing else. None if not set.
	 */
	private @Nullable List<String> propagateMetadata;

	/**
	 * Full names of proto services that several channels may list, such as shop.Stock. A
	 * stub of one has to name its channel by @GrpcClient, a collection of stubs has one
	 * on each. Any other service may be listed by one channel only. None if not set.
	 */
	private List<String> sharedServices = new ArrayList<>();

	private final Observation observation = new Observation();

	@NestedConfigurationProperty
	private final DiscoveryProperties discovery = new DiscoveryProperties();

	@NestedConfigurationProperty
	private final XdsProperties xds = new XdsProperties();

	public boolean isEnabled() {
		return this.enabled;
	}

	public void setEnabled(boolean enabled) {
		this.enabled = enabled;
	}

	public Map<String, ChannelProperties> getChannels() {
		return this.channels;
	}

	public DiscoveryProperties getDiscovery() {
		return this.discovery;
	}

	public XdsProperties getXds() {
		return this.xds;
	}

	public @Nullable List<String> getPropagateMetadata() {
		return this.propagateMetadata;
	}

	public void setPropagateMetadata(@Nullable List<String> propagateMetadata) {
		this.propagateMetadata = propagateMetadata;
	}

	public List<String> getSharedServices() {
		return this.sharedServices;
	}

	public void setSharedServices(List<String> sharedServices) {
		this.sharedServices = sharedServices;
	}

	public Observation getObservation() {
		return this.observation;
	}

	/**
	 * Observation of calls.
	 */
	public static class Observation {

		/**
		 * Whether calls are observed, where there is an ObservationRegistry: timed, and
		 * traced with a tracing bridge.
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
	 * One channel.
	 */
	public static class ChannelProperties extends ChannelCallProperties {

		/**
		 * Where to connect: host:port, dns:///host:port,
		 * static://host1:port1,host2:port2, discovery:///name for Spring Cloud's
		 * DiscoveryClient, xds:///name, unix:/path, in-process:name, or self: for this
		 * application's own server. That of the channel default if not set.
		 */
		private @Nullable String target;

		/**
		 * How many connections the calls are spread over, each with its own limit of
		 * concurrent calls; 1 if not set. A call takes the one with the least calls in
		 * flight.
		 */
		private @Nullable Integer connections;

		/**
		 * When to connect: with the first call (lazy, the default), when the application
		 * starts (eager), or when it starts, which fails if it cannot (wait). A channel
		 * to this application's own server is always lazy.
		 */
		private @Nullable ConnectMode connect;

		/**
		 * How long an attempt to connect to a host that does not answer may take, at most
		 * 30s, and with connect=wait how long the start of the application waits for the
		 * channel to connect; 30s if not set. In milliseconds if it has no unit.
		 */
		private @Nullable Duration connectTimeout;

		/**
		 * How long a channel without calls keeps its connection; 30 minutes if not set.
		 * In milliseconds if it has no unit.
		 */
		private @Nullable Duration idleTimeout;

		/**
		 * Largest message that is accepted, after decompression; 4MB if not set. In bytes
		 * if it has no unit.
		 */
		private @Nullable DataSize maxInboundMessageSize;

		/**
		 * Largest headers that are accepted, all entries of a call together; 8KB if not
		 * set. In bytes if it has no unit.
		 */
		private @Nullable DataSize maxInboundMetadataSize;

		/**
		 * Text put before gRPC's own user agent; nothing if not set.
		 */
		private @Nullable String userAgent;

		/**
		 * Name that the peer is asked for, and that its certificate must carry; taken
		 * from the target if not set.
		 */
		private @Nullable String authority;

		/**
		 * Load-balancing policy: round_robin, pick_first, or, with the dependency
		 * io.grpc:grpc-xds, least_request, weighted_round_robin or ring_hash; round_robin
		 * if not set.
		 */
		private @Nullable String loadBalancingPolicy;

		/**
		 * Names of headers that calls take over from the call that is being served,
		 * unless they set them themselves; as strand.client.propagate-metadata says if
		 * not set.
		 */
		private @Nullable List<String> propagateMetadata;

		/**
		 * How often the target is resolved again, so that added servers get calls; 30s
		 * for dns and discovery if not set, else never. Never if 0. In milliseconds if it
		 * has no unit.
		 */
		private @Nullable Duration refreshInterval;

		/**
		 * How long a channel waits at most until it tries again to connect to an address
		 * that it has lost or could not connect to; 500ms if not set. With 0 gRPC's own
		 * waits apply, from 1 second up to 2 minutes. In milliseconds if it has no unit.
		 */
		private @Nullable Duration maxReconnectBackoff;

		/**
		 * How long closing the application waits for calls in flight before it cancels
		 * them; 10s if not set. In milliseconds if it has no unit.
		 */
		private @Nullable Duration shutdownGracePeriod;

		/**
		 * Full names of the proto services whose stubs use this channel. None if not set.
		 * Not inherited.
		 */
		private List<String> services = new ArrayList<>();

		private final Ssl ssl = new Ssl();

		@NestedConfigurationProperty
		private final AuthenticationProperties authentication = new AuthenticationProperties();

		@NestedConfigurationProperty
		private final BalancingProperties.HealthCheck healthCheck = new BalancingProperties.HealthCheck();

		@NestedConfigurationProperty
		private final BalancingProperties.LeastRequest leastRequest = new BalancingProperties.LeastRequest();

		@NestedConfigurationProperty
		private final BalancingProperties.RingHash ringHash = new BalancingProperties.RingHash();

		private final KeepAlive keepAlive = new KeepAlive();

		private final Streams streams = new Streams();

		public @Nullable String getTarget() {
			return this.target;
		}

		public void setTarget(@Nullable String target) {
			this.target = target;
		}

		public @Nullable Integer getConnections() {
			return this.connections;
		}

		public void setConnections(@Nullable Integer connections) {
			this.connections = connections;
		}

		public @Nullable ConnectMode getConnect() {
			return this.connect;
		}

		public void setConnect(@Nullable ConnectMode connect) {
			this.connect = connect;
		}

		public @Nullable Duration getConnectTimeout() {
			return this.connectTimeout;
		}

		public void setConnectTimeout(@Nullable Duration connectTimeout) {
			this.connectTimeout = connectTimeout;
		}

		public @Nullable Duration getIdleTimeout() {
			return this.idleTimeout;
		}

		public void setIdleTimeout(@Nullable Duration idleTimeout) {
			this.idleTimeout = idleTimeout;
		}

		public @Nullable DataSize getMaxInboundMessageSize() {
			return this.maxInboundMessageSize;
		}

		public void setMaxInboundMessageSize(@Nullable DataSize maxInboundMessageSize) {
			this.maxInboundMessageSize = maxInboundMessageSize;
		}

		public @Nullable DataSize getMaxInboundMetadataSize() {
			return this.maxInboundMetadataSize;
		}

		public void setMaxInboundMetadataSize(@Nullable DataSize maxInboundMetadataSize) {
			this.maxInboundMetadataSize = maxInboundMetadataSize;
		}

		public @Nullable String getUserAgent() {
			return this.userAgent;
		}

		public void setUserAgent(@Nullable String userAgent) {
			this.userAgent = userAgent;
		}

		public @Nullable String getAuthority() {
			return this.authority;
		}

		public void setAuthority(@Nullable String authority) {
			this.authority = authority;
		}

		public @Nullable String getLoadBalancingPolicy() {
			return this.loadBalancingPolicy;
		}

		public void setLoadBalancingPolicy(@Nullable String loadBalancingPolicy) {
			this.loadBalancingPolicy = loadBalancingPolicy;
		}

		public @Nullable List<String> getPropagateMetadata() {
			return this.propagateMetadata;
		}

		public void setPropagateMetadata(@Nullable List<String> propagateMetadata) {
			this.propagateMetadata = propagateMetadata;
		}

		public @Nullable Duration getRefreshInterval() {
			return this.refreshInterval;
		}

		public void setRefreshInterval(@Nullable Duration refreshInterval) {
			this.refreshInterval = refreshInterval;
		}

		public @Nullable Duration getMaxReconnectBackoff() {
			return this.maxReconnectBackoff;
		}

		public void setMaxReconnectBackoff(@Nullable Duration maxReconnectBackoff) {
			this.maxReconnectBackoff = maxReconnectBackoff;
		}

		public @Nullable Duration getShutdownGracePeriod() {
			return this.shutdownGracePeriod;
		}

		public void setShutdownGracePeriod(@Nullable Duration shutdownGracePeriod) {
			this.shutdownGracePeriod = shutdownGracePeriod;
		}

		public List<String> getServices() {
			return this.services;
		}

		public void setServices(List<String> services) {
			this.services = services;
		}

		public Ssl getSsl() {
			return this.ssl;
		}

		public AuthenticationProperties getAuthentication() {
			return this.authentication;
		}

		public BalancingProperties.HealthCheck getHealthCheck() {
			return this.healthCheck;
		}

		public BalancingProperties.LeastRequest getLeastRequest() {
			return this.leastRequest;
		}

		public BalancingProperties.RingHash getRingHash() {
			return this.ringHash;
		}

		public KeepAlive getKeepAlive() {
			return this.keepAlive;
		}

		public Streams getStreams() {
			return this.streams;
		}

	}

	/**
	 * TLS of a channel.
	 */
	public static class Ssl {

		/**
		 * Whether to use TLS; by default if a bundle is set. Without a bundle, the
		 * certificates that the JVM trusts are trusted.
		 */
		private @Nullable Boolean enabled;

		/**
		 * Name of the SSL bundle with the certificates to trust and, for mutual TLS, the
		 * client's own; none if not set.
		 */
		private @Nullable String bundle;

		/**
		 * Whether to accept any certificate of any server, so that whoever stands in the
		 * way can read and change everything; false if not set. For tests on one's own
		 * machine: the log warns of it.
		 */
		private @Nullable Boolean insecureTrustAllCertificates;

		public @Nullable Boolean getEnabled() {
			return this.enabled;
		}

		public void setEnabled(@Nullable Boolean enabled) {
			this.enabled = enabled;
		}

		public @Nullable String getBundle() {
			return this.bundle;
		}

		public void setBundle(@Nullable String bundle) {
			this.bundle = bundle;
		}

		public @Nullable Boolean getInsecureTrustAllCertificates() {
			return this.insecureTrustAllCertificates;
		}

		public void setInsecureTrustAllCertificates(@Nullable Boolean insecureTrustAllCertificates) {
			this.insecureTrustAllCertificates = insecureTrustAllCertificates;
		}

	}

	/**
	 * Probing of silent connections.
	 */
	public static class KeepAlive {

		/**
		 * How long a connection is silent before it is probed; never if not set. Servers
		 * commonly close connections that are probed more often than every 5 minutes.
		 * Times below 10s count as 10s. In milliseconds if it has no unit.
		 */
		private @Nullable Duration time;

		/**
		 * How long a probe waits for its answer before the connection is closed; 20s if
		 * not set. In milliseconds if it has no unit.
		 */
		private @Nullable Duration timeout;

		/**
		 * Whether a connection without calls is probed too; false if not set.
		 */
		private @Nullable Boolean withoutCalls;

		public @Nullable Duration getTime() {
			return this.time;
		}

		public void setTime(@Nullable Duration time) {
			this.time = time;
		}

		public @Nullable Duration getTimeout() {
			return this.timeout;
		}

		public void setTimeout(@Nullable Duration timeout) {
			this.timeout = timeout;
		}

		public @Nullable Boolean getWithoutCalls() {
			return this.withoutCalls;
		}

		public void setWithoutCalls(@Nullable Boolean withoutCalls) {
			this.withoutCalls = withoutCalls;
		}

	}

	/**
	 * Streams that the client sends.
	 */
	public static class Streams {

		/**
		 * What happens when a second thread sends on a stream while a first one does: it
		 * waits for its turn (serialize, the default), gets an exception (fail), or is
		 * left to break the stream as in plain gRPC (off).
		 */
		private @Nullable ConcurrentSend concurrentSend;

		/**
		 * Whether sending on a stream waits while the server does not read, so that
		 * little is buffered; false if not set. Never on an event loop, nor inside a
		 * callback of the same call.
		 */
		private @Nullable Boolean blockingSend;

		/**
		 * How many messages threads that must not wait, such as event loops, may send on
		 * a stream that is not ready; 64 if not set.
		 */
		private @Nullable Integer eventLoopQueue;

		public @Nullable ConcurrentSend getConcurrentSend() {
			return this.concurrentSend;
		}

		public void setConcurrentSend(@Nullable ConcurrentSend concurrentSend) {
			this.concurrentSend = concurrentSend;
		}

		public @Nullable Boolean getBlockingSend() {
			return this.blockingSend;
		}

		public void setBlockingSend(@Nullable Boolean blockingSend) {
			this.blockingSend = blockingSend;
		}

		public @Nullable Integer getEventLoopQueue() {
			return this.eventLoopQueue;
		}

		public void setEventLoopQueue(@Nullable Integer eventLoopQueue) {
			this.eventLoopQueue = eventLoopQueue;
		}

	}

}
