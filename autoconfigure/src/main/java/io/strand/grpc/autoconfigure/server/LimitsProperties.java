package io.strand.grpc.autoconfigure.server;

import java.time.Duration;
import java.time.temporal.ChronoUnit;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.convert.DurationUnit;
import org.springframework.util.unit.DataSize;

/**
 * Limits of the server: on the calls whose handlers run at the same time, and on what
 * connections may do.
 */
public class LimitsProperties {

	/**
	 * How many connections may be open at the TCP port and the Unix domain socket
	 * together; further ones are closed at once. 0 for no limit.
	 */
	private int maxConnections = 10_000;

	/**
	 * How many handlers may run at the same time in the whole server; further calls are
	 * refused as RESOURCE_EXHAUSTED, or wait first (max-wait). Of a thousand or more, the
	 * last tenth is for connections with few calls running. 0 for no limit.
	 */
	private int maxConcurrentCalls = 10_000;

	/**
	 * How many calls may be open on one connection; clients keep further ones back until
	 * one has ended. 0 for no limit.
	 */
	private int maxConcurrentCallsPerConnection = 1000;

	/**
	 * How long a call waits at a limit before it is refused as RESOURCE_EXHAUSTED; 0 to
	 * refuse it at once. In milliseconds if it has no unit.
	 */
	private Duration maxWait = Duration.ZERO;

	/**
	 * How long a call may last before it is ended as DEADLINE_EXCEEDED and its handler
	 * interrupted, unless the client's deadline is earlier. No limit if not set, or 0. In
	 * milliseconds if it has no unit.
	 */
	private @Nullable Duration maxCallDuration;

	/**
	 * How many streams of a connection may be reset within reset-window, by the client or
	 * because of what it sent, before the connection is closed. Cancelled calls count. 0
	 * for no limit. A client may change its settings as often.
	 */
	private int maxResets = 200;

	/**
	 * The time that max-resets is counted in: whole seconds. In seconds if it has no
	 * unit.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration resetWindow = Duration.ofSeconds(30);

	/**
	 * How long a new connection may take for its TLS handshake and first HTTP/2 frames
	 * before it is closed; 0 for no limit but the 10 seconds that a TLS handshake may
	 * take at most. In seconds if it has no unit.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration handshakeTimeout = Duration.ofSeconds(10);

	/**
	 * How long a connection without calls is kept; 0 for ever. In seconds if it has no
	 * unit.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration maxConnectionIdle = Duration.ofMinutes(15);

	/**
	 * How long a connection is kept, give or take a tenth, before the client is asked to
	 * make a new one: which may find another server. 0 for ever. In seconds if it has no
	 * unit.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration maxConnectionAge = Duration.ZERO;

	/**
	 * How long calls may go on when their connection has reached max-connection-age; then
	 * they are cancelled. In seconds if it has no unit.
	 */
	@DurationUnit(ChronoUnit.SECONDS)
	private Duration maxConnectionAgeGrace = Duration.ofMinutes(1);

	/**
	 * How much a client may send ahead of what is read, on a stream and on a connection.
	 * It does not grow with the speed of the connection. In bytes if it has no unit.
	 */
	private DataSize flowControlWindow = DataSize.ofMegabytes(1);

	@NestedConfigurationProperty
	private final KeepAliveProperties keepAlive = new KeepAliveProperties();

	public int getMaxConnections() {
		return this.maxConnections;
	}

	public void setMaxConnections(int maxConnections) {
		this.maxConnections = maxConnections;
	}

	public int getMaxConcurrentCalls() {
		return this.maxConcurrentCalls;
	}

	public void setMaxConcurrentCalls(int maxConcurrentCalls) {
		this.maxConcurrentCalls = maxConcurrentCalls;
	}

	public int getMaxConcurrentCallsPerConnection() {
		return this.maxConcurrentCallsPerConnection;
	}

	public void setMaxConcurrentCallsPerConnection(int maxConcurrentCallsPerConnection) {
		this.maxConcurrentCallsPerConnection = maxConcurrentCallsPerConnection;
	}

	public Duration getMaxWait() {
		return this.maxWait;
	}

	public void setMaxWait(Duration maxWait) {
		this.maxWait = maxWait;
	}

	public @Nullable Duration getMaxCallDuration() {
		return this.maxCallDuration;
	}

	public void setMaxCallDuration(@Nullable Duration maxCallDuration) {
		this.maxCallDuration = maxCallDuration;
	}

	public int getMaxResets() {
		return this.maxResets;
	}

	public void setMaxResets(int maxResets) {
		this.maxResets = maxResets;
	}

	public Duration getResetWindow() {
		return this.resetWindow;
	}

	public void setResetWindow(Duration resetWindow) {
		this.resetWindow = resetWindow;
	}

	public Duration getHandshakeTimeout() {
		return this.handshakeTimeout;
	}

	public void setHandshakeTimeout(Duration handshakeTimeout) {
		this.handshakeTimeout = handshakeTimeout;
	}

	public Duration getMaxConnectionIdle() {
		return this.maxConnectionIdle;
	}

	public void setMaxConnectionIdle(Duration maxConnectionIdle) {
		this.maxConnectionIdle = maxConnectionIdle;
	}

	public Duration getMaxConnectionAge() {
		return this.maxConnectionAge;
	}

	public void setMaxConnectionAge(Duration maxConnectionAge) {
		this.maxConnectionAge = maxConnectionAge;
	}

	public Duration getMaxConnectionAgeGrace() {
		return this.maxConnectionAgeGrace;
	}

	public void setMaxConnectionAgeGrace(Duration maxConnectionAgeGrace) {
		this.maxConnectionAgeGrace = maxConnectionAgeGrace;
	}

	public DataSize getFlowControlWindow() {
		return this.flowControlWindow;
	}

	public void setFlowControlWindow(DataSize flowControlWindow) {
		this.flowControlWindow = flowControlWindow;
	}

	public KeepAliveProperties getKeepAlive() {
		return this.keepAlive;
	}

}
