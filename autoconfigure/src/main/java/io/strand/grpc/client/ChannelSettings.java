package io.strand.grpc.client;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.grpc.ChannelCredentials;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.client.credentials.ChannelAuthentication;
import io.strand.grpc.client.method.ChannelMethods;
import io.strand.grpc.client.method.MethodSettings;
import org.jspecify.annotations.Nullable;

/**
 * How a channel connects and what its calls get by default. Immutable, made by a
 * {@link Builder}. What is not set is left to gRPC's default.
 */
public final class ChannelSettings {

	private static final Duration DEFAULT_SHUTDOWN_GRACE_PERIOD = Duration.ofSeconds(10);

	private static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(30);

	private static final Duration DEFAULT_MAX_RECONNECT_BACKOFF = Duration.ofMillis(500);

	private final List<String> services;

	private final @Nullable String target;

	private final @Nullable ChannelCredentials credentials;

	private final ChannelAuthentication authentication;

	private final @Nullable Integer connections;

	private final @Nullable ConnectMode connect;

	private final @Nullable Duration connectTimeout;

	private final ChannelMethods methods;

	private final @Nullable Duration keepAliveTime;

	private final @Nullable Duration keepAliveTimeout;

	private final @Nullable Boolean keepAliveWithoutCalls;

	private final @Nullable Duration idleTimeout;

	private final @Nullable Integer maxInboundMessageSize;

	private final @Nullable Integer maxInboundMetadataSize;

	private final @Nullable String userAgent;

	private final @Nullable String authority;

	private final BalancingSettings balancing;

	private final @Nullable ConcurrentSend concurrentSend;

	private final @Nullable Boolean blockingSend;

	private final @Nullable Integer eventLoopQueue;

	private final @Nullable Duration maxReconnectBackoff;

	private final @Nullable Duration shutdownGracePeriod;

	private final @Nullable MetadataPropagation metadataPropagation;

	private ChannelSettings(Builder builder) {
		this.services = List.copyOf(builder.services);
		this.target = builder.target;
		this.credentials = builder.credentials;
		this.authentication = builder.authentication;
		this.connections = builder.connections;
		this.connect = builder.connect;
		this.connectTimeout = builder.connectTimeout;
		this.methods = ChannelMethods
			.of(MethodSettings.builder().deadline(builder.deadline).streamDeadline(builder.streamDeadline).build(),
					Map.of())
			.inherit(builder.methods);
		this.keepAliveTime = builder.keepAliveTime;
		this.keepAliveTimeout = builder.keepAliveTimeout;
		this.keepAliveWithoutCalls = builder.keepAliveWithoutCalls;
		this.idleTimeout = builder.idleTimeout;
		this.maxInboundMessageSize = builder.maxInboundMessageSize;
		this.maxInboundMetadataSize = builder.maxInboundMetadataSize;
		this.userAgent = builder.userAgent;
		this.authority = builder.authority;
		this.balancing = builder.balancing;
		this.concurrentSend = builder.concurrentSend;
		this.blockingSend = builder.blockingSend;
		this.eventLoopQueue = builder.eventLoopQueue;
		this.maxReconnectBackoff = builder.maxReconnectBackoff;
		this.shutdownGracePeriod = builder.shutdownGracePeriod;
		this.metadataPropagation = builder.metadataPropagation;
	}

	/**
	 * A builder that sets nothing yet.
	 * @return a new builder
	 */
	public static Builder builder() {
		return new Builder();
	}

	/**
	 * These settings, where they set something, else the parent's. The services are not
	 * inherited: they say what this one channel is for.
	 * @param parent the settings to inherit from
	 * @return new settings
	 */
	public ChannelSettings inherit(ChannelSettings parent) {
		Builder builder = new Builder();
		builder.services = this.services;
		builder.target = own(this.target, parent.target);
		builder.credentials = own(this.credentials, parent.credentials);
		builder.authentication = this.authentication.inherit(parent.authentication);
		builder.connections = own(this.connections, parent.connections);
		builder.connect = own(this.connect, parent.connect);
		builder.connectTimeout = own(this.connectTimeout, parent.connectTimeout);
		builder.methods = this.methods.inherit(parent.methods);
		builder.keepAliveTime = own(this.keepAliveTime, parent.keepAliveTime);
		builder.keepAliveTimeout = own(this.keepAliveTimeout, parent.keepAliveTimeout);
		builder.keepAliveWithoutCalls = own(this.keepAliveWithoutCalls, parent.keepAliveWithoutCalls);
		builder.idleTimeout = own(this.idleTimeout, parent.idleTimeout);
		builder.maxInboundMessageSize = own(this.maxInboundMessageSize, parent.maxInboundMessageSize);
		builder.maxInboundMetadataSize = own(this.maxInboundMetadataSize, parent.maxInboundMetadataSize);
		builder.userAgent = own(this.userAgent, parent.userAgent);
		builder.authority = own(this.authority, parent.authority);
		builder.balancing = this.balancing.inherit(parent.balancing);
		builder.concurrentSend = own(this.concurrentSend, parent.concurrentSend);
		builder.blockingSend = own(this.blockingSend, parent.blockingSend);
		builder.eventLoopQueue = own(this.eventLoopQueue, parent.eventLoopQueue);
		builder.maxReconnectBackoff = own(this.maxReconnectBackoff, parent.maxReconnectBackoff);
		builder.shutdownGracePeriod = own(this.shutdownGracePeriod, parent.shutdownGracePeriod);
		builder.metadataPropagation = own(this.metadataPropagation, parent.metadataPropagation);
		return builder.build();
	}

	private static <T> @Nullable T own(@Nullable T own, @Nullable T inherited) {
		return (own != null) ? own : inherited;
	}

	ChannelSettings withTarget(String target) {
		return new Builder().target(target).services(this.services).build().inherit(this);
	}

	List<String> services() {
		return this.services;
	}

	@Nullable String target() {
		return this.target;
	}

	@Nullable ChannelCredentials credentials() {
		return this.credentials;
	}

	ChannelAuthentication authentication() {
		return this.authentication;
	}

	int connections() {
		return (this.connections != null) ? this.connections : 1;
	}

	ConnectMode connect() {
		return (this.connect != null) ? this.connect : ConnectMode.LAZY;
	}

	Duration connectTimeout() {
		return (this.connectTimeout != null) ? this.connectTimeout : DEFAULT_CONNECT_TIMEOUT;
	}

	ChannelMethods methods() {
		return this.methods;
	}

	@Nullable Duration keepAliveTime() {
		return this.keepAliveTime;
	}

	@Nullable Duration keepAliveTimeout() {
		return this.keepAliveTimeout;
	}

	@Nullable Boolean keepAliveWithoutCalls() {
		return this.keepAliveWithoutCalls;
	}

	@Nullable Duration idleTimeout() {
		return this.idleTimeout;
	}

	@Nullable Integer maxInboundMessageSize() {
		return this.maxInboundMessageSize;
	}

	@Nullable Integer maxInboundMetadataSize() {
		return this.maxInboundMetadataSize;
	}

	@Nullable String userAgent() {
		return this.userAgent;
	}

	@Nullable String authority() {
		return this.authority;
	}

	BalancingSettings balancing() {
		return this.balancing;
	}

	ConcurrentSend concurrentSend() {
		return (this.concurrentSend != null) ? this.concurrentSend : ConcurrentSend.SERIALIZE;
	}

	boolean blockingSend() {
		return (this.blockingSend != null) ? this.blockingSend : false;
	}

	int eventLoopQueue() {
		return (this.eventLoopQueue != null) ? this.eventLoopQueue : HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE;
	}

	Duration maxReconnectBackoff() {
		return (this.maxReconnectBackoff != null) ? this.maxReconnectBackoff : DEFAULT_MAX_RECONNECT_BACKOFF;
	}

	Duration shutdownGracePeriod() {
		return (this.shutdownGracePeriod != null) ? this.shutdownGracePeriod : DEFAULT_SHUTDOWN_GRACE_PERIOD;
	}

	MetadataPropagation metadataPropagation() {
		return (this.metadataPropagation != null) ? this.metadataPropagation : MetadataPropagation.NONE;
	}

	/**
	 * Collects settings. Every setter may be given {@code null}, which sets nothing. Not
	 * thread-safe.
	 */
	public static final class Builder {

		private List<String> services = List.of();

		private @Nullable String target;

		private @Nullable ChannelCredentials credentials;

		private ChannelAuthentication authentication = ChannelAuthentication.UNSET;

		private @Nullable Integer connections;

		private @Nullable ConnectMode connect;

		private @Nullable Duration connectTimeout;

		private @Nullable Duration deadline;

		private @Nullable Duration streamDeadline;

		private ChannelMethods methods = ChannelMethods.NONE;

		private @Nullable Duration keepAliveTime;

		private @Nullable Duration keepAliveTimeout;

		private @Nullable Boolean keepAliveWithoutCalls;

		private @Nullable Duration idleTimeout;

		private @Nullable Integer maxInboundMessageSize;

		private @Nullable Integer maxInboundMetadataSize;

		private @Nullable String userAgent;

		private @Nullable String authority;

		private BalancingSettings balancing = BalancingSettings.builder().build();

		private @Nullable ConcurrentSend concurrentSend;

		private @Nullable Boolean blockingSend;

		private @Nullable Integer eventLoopQueue;

		private @Nullable Duration maxReconnectBackoff;

		private @Nullable Duration shutdownGracePeriod;

		private @Nullable MetadataPropagation metadataPropagation;

		private Builder() {
		}

		/**
		 * Sets the full names of the proto services whose stubs use the channel.
		 * @param services names such as {@code shop.Stock}
		 * @return this builder
		 */
		public Builder services(List<String> services) {
			this.services = services;
			return this;
		}

		/**
		 * Sets where to connect, such as {@code dns:///stock:9090}.
		 * @param target the value
		 * @return this builder
		 */
		public Builder target(@Nullable String target) {
			this.target = target;
			return this;
		}

		/**
		 * Sets what the channel encrypts and identifies itself with; plaintext if not
		 * set. Only whoever made them can renew the certificates in them, with gRPC's
		 * {@code AdvancedTlsX509KeyManager} for one; a channel that is given none follows
		 * the SSL bundle that it inherits.
		 * @param credentials the value
		 * @return this builder
		 */
		public Builder credentials(@Nullable ChannelCredentials credentials) {
			this.credentials = credentials;
			return this;
		}

		/**
		 * Sets which credentials the calls get, and whether they are sent in plaintext.
		 * @param authentication the value
		 * @return this builder
		 */
		public Builder authentication(ChannelAuthentication authentication) {
			this.authentication = authentication;
			return this;
		}

		/**
		 * Sets how many connections the calls are spread over; one if not set.
		 * @param connections the value, at least 1
		 * @return this builder
		 */
		public Builder connections(@Nullable Integer connections) {
			if (connections != null && connections < 1) {
				throw new IllegalArgumentException("A channel needs at least 1 connection, not " + connections);
			}
			this.connections = connections;
			return this;
		}

		/**
		 * Sets when the channel connects; with the first call if not set. Of no effect on
		 * channels that are made while the application runs.
		 * @param connect the value
		 * @return this builder
		 */
		public Builder connect(@Nullable ConnectMode connect) {
			this.connect = connect;
			return this;
		}

		/**
		 * Sets how long an attempt to connect may take, at most 30 seconds, and how long
		 * the start of the application waits for the channel if it is to; 30 seconds if
		 * not set.
		 * @param connectTimeout the value
		 * @return this builder
		 */
		public Builder connectTimeout(@Nullable Duration connectTimeout) {
			this.connectTimeout = connectTimeout;
			return this;
		}

		/**
		 * Sets the deadline of unary calls that are made without one; zero for none.
		 * @param deadline the value
		 * @return this builder
		 */
		public Builder deadline(@Nullable Duration deadline) {
			this.deadline = deadline;
			return this;
		}

		/**
		 * Sets the deadline of streaming calls that are made without one; zero for none.
		 * @param streamDeadline the value
		 * @return this builder
		 */
		public Builder streamDeadline(@Nullable Duration streamDeadline) {
			this.streamDeadline = streamDeadline;
			return this;
		}

		/**
		 * Sets how methods are called: deadlines, retry, hedging and more, for all or for
		 * some of them. The deadlines of this builder come before those in here.
		 * @param methods the value
		 * @return this builder
		 */
		public Builder methods(ChannelMethods methods) {
			this.methods = methods;
			return this;
		}

		/**
		 * Sets how long a connection is silent before it is probed.
		 * @param keepAliveTime the value
		 * @return this builder
		 */
		public Builder keepAliveTime(@Nullable Duration keepAliveTime) {
			this.keepAliveTime = keepAliveTime;
			return this;
		}

		/**
		 * Sets how long a probe waits for its answer.
		 * @param keepAliveTimeout the value
		 * @return this builder
		 */
		public Builder keepAliveTimeout(@Nullable Duration keepAliveTimeout) {
			this.keepAliveTimeout = keepAliveTimeout;
			return this;
		}

		/**
		 * Sets whether a connection without calls is probed too.
		 * @param keepAliveWithoutCalls the value
		 * @return this builder
		 */
		public Builder keepAliveWithoutCalls(@Nullable Boolean keepAliveWithoutCalls) {
			this.keepAliveWithoutCalls = keepAliveWithoutCalls;
			return this;
		}

		/**
		 * Sets how long a channel without calls keeps its connection.
		 * @param idleTimeout the value
		 * @return this builder
		 */
		public Builder idleTimeout(@Nullable Duration idleTimeout) {
			this.idleTimeout = idleTimeout;
			return this;
		}

		/**
		 * Sets the largest message accepted, in bytes.
		 * @param maxInboundMessageSize the value
		 * @return this builder
		 */
		public Builder maxInboundMessageSize(@Nullable Integer maxInboundMessageSize) {
			this.maxInboundMessageSize = maxInboundMessageSize;
			return this;
		}

		/**
		 * Sets the largest headers accepted, in bytes.
		 * @param maxInboundMetadataSize the value
		 * @return this builder
		 */
		public Builder maxInboundMetadataSize(@Nullable Integer maxInboundMetadataSize) {
			this.maxInboundMetadataSize = maxInboundMetadataSize;
			return this;
		}

		/**
		 * Sets what is put before gRPC's own user agent.
		 * @param userAgent the value
		 * @return this builder
		 */
		public Builder userAgent(@Nullable String userAgent) {
			this.userAgent = userAgent;
			return this;
		}

		/**
		 * Sets the name that the peer is asked for and verified as.
		 * @param authority the value
		 * @return this builder
		 */
		public Builder authority(@Nullable String authority) {
			this.authority = authority;
			return this;
		}

		/**
		 * Sets how the channel finds its servers and spreads its calls over them.
		 * @param balancing the value
		 * @return this builder
		 */
		public Builder balancing(BalancingSettings balancing) {
			this.balancing = balancing;
			return this;
		}

		/**
		 * Sets how long the channel waits at most until it connects again to an address
		 * that it could not connect to; half a second if not set, zero to leave it to
		 * gRPC, which waits up to two minutes.
		 * @param maxReconnectBackoff the value
		 * @return this builder
		 */
		public Builder maxReconnectBackoff(@Nullable Duration maxReconnectBackoff) {
			if (maxReconnectBackoff != null && maxReconnectBackoff.isNegative()) {
				throw new IllegalArgumentException("A channel cannot wait for " + maxReconnectBackoff);
			}
			this.maxReconnectBackoff = maxReconnectBackoff;
			return this;
		}

		/**
		 * Sets how long closing waits for calls in flight; 10 seconds if not set.
		 * @param shutdownGracePeriod the value
		 * @return this builder
		 */
		public Builder shutdownGracePeriod(@Nullable Duration shutdownGracePeriod) {
			this.shutdownGracePeriod = shutdownGracePeriod;
			return this;
		}

		/**
		 * Sets what two threads get that send on one stream at the same time; they take
		 * turns if not set.
		 * @param concurrentSend the value
		 * @return this builder
		 */
		public Builder concurrentSend(@Nullable ConcurrentSend concurrentSend) {
			this.concurrentSend = concurrentSend;
			return this;
		}

		/**
		 * Sets whether sending on a stream waits while the server does not read; it does
		 * not if not set.
		 * @param blockingSend the value
		 * @return this builder
		 */
		public Builder blockingSend(@Nullable Boolean blockingSend) {
			this.blockingSend = blockingSend;
			return this;
		}

		/**
		 * Sets how many messages threads that must not wait may send on a stream that is
		 * not ready; 64 if not set.
		 * @param eventLoopQueue the value
		 * @return this builder
		 */
		public Builder eventLoopQueue(@Nullable Integer eventLoopQueue) {
			this.eventLoopQueue = eventLoopQueue;
			return this;
		}

		/**
		 * Sets which headers of the call that is being served go along with calls.
		 * @param metadataPropagation the value
		 * @return this builder
		 */
		public Builder metadataPropagation(@Nullable MetadataPropagation metadataPropagation) {
			this.metadataPropagation = metadataPropagation;
			return this;
		}

		/**
		 * Makes the settings.
		 * @return immutable settings
		 */
		public ChannelSettings build() {
			return new ChannelSettings(this);
		}

	}

}
