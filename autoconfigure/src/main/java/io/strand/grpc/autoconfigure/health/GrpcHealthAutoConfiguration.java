package io.strand.grpc.autoconfigure.health;

import java.util.List;

import io.grpc.BindableService;
import io.grpc.ServerInterceptors;
import io.grpc.protobuf.services.HealthStatusManager;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.call.Threading;
import io.strand.grpc.health.HealthPolling;
import io.strand.grpc.health.ServerHealth;
import io.strand.grpc.health.WatchStreams;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.StandardServices;
import io.strand.grpc.service.ServiceDecorator;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Auto-configuration of the health service, in an application that has a gRPC server.
 */
@AutoConfiguration(after = GrpcServerAutoConfiguration.class)
@ConditionalOnClass({ BindableService.class, HealthStatusManager.class })
@ConditionalOnBooleanProperty(name = "strand.server.health.enabled", matchIfMissing = true)
@ConditionalOnBean(GrpcServer.class)
@EnableConfigurationProperties(GrpcHealthProperties.class)
@Import(BootHealthConfiguration.class)
public final class GrpcHealthAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	HealthStatusManager strandHealthStatusManager() {
		return new HealthStatusManager();
	}

	/**
	 * On event loops: whether the server lives is asked for when it has the most to do.
	 */
	@Bean
	@ConditionalOnMissingBean(name = "strandHealthService")
	StandardServices strandHealthService(HealthStatusManager manager) {
		return new StandardServices(
				List.of(ServerInterceptors.intercept(manager.getHealthService(), WatchStreams.oneAtATime())),
				Threading.EVENT_LOOP);
	}

	/**
	 * For a health service of the application's own. Before all that wraps handlers: what
	 * is between it and the guard of the call would have it wait there.
	 */
	@Bean
	@ConditionalOnMissingBean(name = "strandHealthWatchDecorator")
	@Order(Ordered.HIGHEST_PRECEDENCE)
	ServiceDecorator strandHealthWatchDecorator() {
		return new WatchDecorator();
	}

	@Bean
	@ConditionalOnMissingBean
	HealthPlan strandHealthPlan(GrpcHealthProperties properties) {
		return new HealthPlan(properties);
	}

	@Bean
	@ConditionalOnMissingBean
	ServerHealth strandServerHealth(HealthStatusManager manager, HealthPlan plan,
			ObjectProvider<ApplicationArguments> arguments) {
		// Only SpringApplication, which has them, tells when an application is ready
		return new ServerHealth(manager, plan.names(), arguments.getIfAvailable() == null);
	}

	@Bean
	@ConditionalOnMissingBean
	HealthPolling strandHealthPolling(ServerHealth health, HealthPlan plan, GrpcHealthProperties properties,
			ObjectProvider<BootHealth> boot) {
		return new HealthPolling(health, plan.namesBySource(), (source) -> boot.getObject().status(source),
				properties.getInterval(), properties.getTimeout());
	}

	@Bean
	@ConditionalOnMissingBean
	HealthEvents strandHealthEvents(ApplicationContext context, ObjectProvider<GrpcServer> servers, ServerHealth health,
			HealthPolling polling, HealthPlan plan, ObjectProvider<BootHealth> boot) {
		return new HealthEvents(context, servers, health, polling, plan, boot);
	}

}
