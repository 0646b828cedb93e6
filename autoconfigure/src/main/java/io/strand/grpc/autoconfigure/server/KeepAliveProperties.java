package io.strand.grpc.autoconfigure.server;

import java.time.Duration;
import java.time.temporal.ChronoUnit;

import org.springframework.boot.convert.DurationUnit;

/**
 * Probing of silent connections, by the server and by its clients.
 */
public class KeepAliveProperties {

	/**
	 * How long a connection is silent before the server probes it; 0 for never. In
	 * seconds if it has no unit.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration time = Duration.ofMinutes(5);

	/**
	 * How long a probe waits for its answer before the connection is closed. In seconds
	 * if it has no unit.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration timeout = Duration.ofSeconds(20);

	/**
	 * How often clients may probe; the connection of one that does more often is closed.
	 * 0 for as often as they like. In seconds if it has no unit.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration permitTime = Duration.ofMinutes(1);

	/**
	 * Whether clients may probe connections without calls.
	 */
	private boolean permitWithoutCalls = true;

	public Duration getTime() {
		return this.time;
	}

	public void setTime(Duration time) {
		this.time = time;
	}

	public Duration getTimeout() {
		return this.timeout;
	}

	public void setTimeout(Duration timeout) {
		this.timeout = timeout;
	}

	public Duration getPermitTime() {
		return this.permitTime;
	}

	public void setPermitTime(Duration permitTime) {
		this.permitTime = permitTime;
	}

	public boolean isPermitWithoutCalls() {
		return this.permitWithoutCalls;
	}

	public void setPermitWithoutCalls(boolean permitWithoutCalls) {
		this.permitWithoutCalls = permitWithoutCalls;
	}

}
