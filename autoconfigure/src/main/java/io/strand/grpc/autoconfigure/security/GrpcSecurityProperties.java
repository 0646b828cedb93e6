package io.strand.grpc.autoconfigure.security;

import java.time.Duration;
import java.time.temporal.ChronoUnit;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.convert.DurationUnit;

/**
 * Properties of the security of the gRPC server.
 */
@ConfigurationProperties("strand.server.security")
public class GrpcSecurityProperties {

	/**
	 * Whether Spring Security, if it is on the class path, decides on every call. If not,
	 * everybody may call, as far as annotations of methods allow it.
	 */
	private boolean enabled = true;

	private final FailedAttempts failedAttempts = new FailedAttempts();

	public boolean isEnabled() {
		return this.enabled;
	}

	public void setEnabled(boolean enabled) {
		this.enabled = enabled;
	}

	public FailedAttempts getFailedAttempts() {
		return this.failedAttempts;
	}

	/**
	 * What happens to clients that fail to authenticate again and again.
	 */
	public static class FailedAttempts {

		/**
		 * How many authentications from one client address may fail within the window
		 * before all from there are refused with RESOURCE_EXHAUSTED, unlooked at, until
		 * the window ends; 0 for no limit. Clients behind one proxy share an address.
		 */
		private int max;

		/**
		 * How long failures are counted, from the first one on. In seconds if it has no
		 * unit.
		 */
		@DurationUnit(ChronoUnit.SECONDS)
		private Duration window = Duration.ofMinutes(1);

		public int getMax() {
			return this.max;
		}

		public void setMax(int max) {
			this.max = max;
		}

		public Duration getWindow() {
			return this.window;
		}

		public void setWindow(Duration window) {
			this.window = window;
		}

	}

}
