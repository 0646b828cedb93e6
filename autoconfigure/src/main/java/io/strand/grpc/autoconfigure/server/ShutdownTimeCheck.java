package io.strand.grpc.autoconfigure.server;

import java.time.Duration;

import io.strand.grpc.server.GrpcServerStartedEvent;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.boot.convert.DurationStyle;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.Environment;

/**
 * Warns where Spring would not wait for the server as long as the server waits for its
 * calls: it would take their beans away from under them.
 */
class ShutdownTimeCheck implements ApplicationListener<GrpcServerStartedEvent> {

	private static final Log logger = LogFactory.getLog(ShutdownTimeCheck.class);

	private static final String PHASE_TIMEOUT = "spring.lifecycle.timeout-per-shutdown-phase";

	/** What cancelled calls are given to end, and a little. */
	private static final Duration CANCEL_TIME = Duration.ofSeconds(3);

	private final Duration drainDelay;

	private final Duration gracePeriod;

	private final Duration phaseTimeout;

	ShutdownTimeCheck(GrpcServerProperties properties, Environment environment) {
		this.drainDelay = properties.getShutdownDrainDelay();
		this.gracePeriod = properties.getShutdownGracePeriod();
		this.phaseTimeout = DurationStyle.detectAndParse(environment.getProperty(PHASE_TIMEOUT, "30s"));
	}

	@Override
	public void onApplicationEvent(GrpcServerStartedEvent event) {
		Duration longest = this.drainDelay.plus(this.gracePeriod).plus(CANCEL_TIME);
		if (longest.compareTo(this.phaseTimeout) > 0) {
			logger.warn(("A stop of the gRPC server may take %d ms (strand.server.shutdown-drain-delay=%dms,"
					+ " strand.server.shutdown-grace-period=%dms), but Spring waits no longer than %s=%dms and then"
					+ " destroys beans that calls may use. Raise it to %dms.")
				.formatted(longest.toMillis(), this.drainDelay.toMillis(), this.gracePeriod.toMillis(), PHASE_TIMEOUT,
						this.phaseTimeout.toMillis(), longest.toMillis()));
		}
	}

}
