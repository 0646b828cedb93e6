package io.strand.grpc.autoconfigure.health;

import io.strand.grpc.health.HealthPolling;
import io.strand.grpc.health.ServerHealth;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerEvent;
import io.strand.grpc.server.GrpcServerStartedEvent;
import io.strand.grpc.server.GrpcServerStoppingEvent;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.LivenessState;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.SmartApplicationListener;
import org.springframework.core.Ordered;

/**
 * Tells the health of the server what happens to the application. Before the listeners of
 * the application, which may take their time: clients are to know at once.
 */
class HealthEvents implements SmartApplicationListener, SmartInitializingSingleton, DisposableBean {

	private final ApplicationContext context;

	private final ObjectProvider<GrpcServer> servers;

	private final ServerHealth health;

	private final HealthPolling polling;

	private final HealthPlan plan;

	private final ObjectProvider<BootHealth> boot;

	HealthEvents(ApplicationContext context, ObjectProvider<GrpcServer> servers, ServerHealth health,
			HealthPolling polling, HealthPlan plan, ObjectProvider<BootHealth> boot) {
		this.context = context;
		this.servers = servers;
		this.health = health;
		this.polling = polling;
		this.plan = plan;
		this.boot = boot;
	}

	@Override
	public void afterSingletonsInstantiated() {
		@Nullable GrpcServer server = this.servers.getIfUnique();
		if (server != null) {
			this.plan.check(server.getServices(), this.boot.getIfAvailable());
		}
	}

	@Override
	public boolean supportsEventType(Class<? extends ApplicationEvent> type) {
		return GrpcServerEvent.class.isAssignableFrom(type) || AvailabilityChangeEvent.class.isAssignableFrom(type)
				|| ContextClosedEvent.class.isAssignableFrom(type);
	}

	@Override
	public void onApplicationEvent(ApplicationEvent event) {
		if (event instanceof GrpcServerEvent serverEvent) {
			// Events of a child context come here too
			if (this.servers.stream().anyMatch(serverEvent.getServer()::equals)) {
				serverChanged(serverEvent);
			}
		}
		else if (event instanceof AvailabilityChangeEvent<?> change) {
			availabilityChanged(change.getState());
		}
		else if (event instanceof ContextClosedEvent closed && closed.getApplicationContext() == this.context) {
			this.health.stopping();
		}
	}

	private void serverChanged(GrpcServerEvent event) {
		if (event instanceof GrpcServerStartedEvent) {
			this.polling.start();
			this.health.started(event.getServer().getServices());
		}
		else if (event instanceof GrpcServerStoppingEvent) {
			this.health.stopping();
			this.polling.stop();
		}
	}

	private void availabilityChanged(Object state) {
		if (state instanceof ReadinessState readiness) {
			this.health.ready(readiness == ReadinessState.ACCEPTING_TRAFFIC);
		}
		else if (state instanceof LivenessState liveness) {
			this.health.alive(liveness == LivenessState.CORRECT);
		}
		// Groups and indicators may look at it too
		this.polling.askNow();
	}

	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

	@Override
	public void destroy() {
		this.polling.stop();
	}

}
