package io.strand.grpc.autoconfigure.actuate;

import java.util.List;

import io.strand.grpc.actuate.ConnectionsDescriptor;
import io.strand.grpc.actuate.ServerView;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.TransportLimits;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationContext;

/**
 * The server of an application.
 *
 * @param server the server
 * @param engine what runs its calls
 * @param context the application
 */
record ApplicationServerView(GrpcServer server, CallEngine engine, ApplicationContext context) implements ServerView {

	static @Nullable ServerView of(ApplicationContext context, ObjectProvider<GrpcServer> server,
			ObjectProvider<CallEngine> engine) {
		GrpcServer found = server.getIfAvailable();
		CallEngine running = engine.getIfAvailable();
		return (found != null && running != null) ? new ApplicationServerView(found, running, context) : null;
	}

	@Override
	public List<String> addresses() {
		return this.server.getAddresses();
	}

	@Override
	public ConnectionsDescriptor connections() {
		TransportLimits limits = this.server.getTransportLimits();
		return new ConnectionsDescriptor(this.server.getConnectionCount(), this.server.getRefusedConnectionCount(),
				limits.maxConnections(), limits.maxCallsPerConnection(), limits.maxResets(),
				limits.resetWindow().toMillis(), limits.handshakeTimeout().toMillis(),
				limits.maxConnectionIdle().toMillis(), limits.maxConnectionAge().toMillis());
	}

	@Override
	public void drain() {
		AvailabilityChangeEvent.publish(this.context, ReadinessState.REFUSING_TRAFFIC);
		this.engine.drain();
	}

}
