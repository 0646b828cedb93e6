package io.strand.grpc.autoconfigure.server;

import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
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
	 * File of a Unix domain socket to listen on, beside the TCP port.
	 */
	private @Nullable Path unixSocket;

	/**
	 * Whether to serve beans that are a BindableService but have no @GrpcService.
	 */
	private boolean serveAllBindableServices = true;

	/**
	 * How long a stop waits for calls in flight before it cancels them; 0 to cancel them
	 * at once. In seconds if there is no unit. A period longer than
	 * spring.lifecycle.timeout-per-shutdown-phase needs that one raised too.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration shutdownGracePeriod = Duration.ofSeconds(20);

	/**
	 * Largest message that is accepted, after decompression. Has no effect on calls
	 * in-process, whose messages are not encoded.
	 */
	private DataSize maxInboundMessageSize = DataSize.ofMegabytes(4);

	/**
	 * Largest headers that are accepted, all entries of a call together.
	 */
	private DataSize maxInboundMetadataSize = DataSize.ofKilobytes(8);

	private final InProcess inProcess = new InProcess();

	private final Ssl ssl = new Ssl();

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

	public InProcess getInProcess() {
		return this.inProcess;
	}

	public Ssl getSsl() {
		return this.ssl;
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
	 * TLS on the TCP port.
	 */
	public static class Ssl {

		/**
		 * Name of the SSL bundle with the server's certificate and key; plaintext if not
		 * set.
		 */
		private @Nullable String bundle;

		public @Nullable String getBundle() {
			return this.bundle;
		}

		public void setBundle(@Nullable String bundle) {
			this.bundle = bundle;
		}

	}

}
