package io.strand.grpc.autoconfigure.security;

import java.time.Duration;

import io.strand.grpc.security.CallSecurityContext;
import io.strand.grpc.security.DeniedMethods;
import io.strand.grpc.security.FailedAttempts;
import io.strand.grpc.security.GrpcSecurity;
import io.strand.grpc.security.GrpcSecurityInterceptor;
import io.strand.grpc.security.GrpcSecurityPolicy;
import io.strand.grpc.security.PublishedFailures;
import io.strand.grpc.security.Refusals;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerStartException;
import io.strand.grpc.server.UninterceptedServices;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.security.authentication.AuthenticationEventPublisher;
import org.springframework.security.authentication.DefaultAuthenticationEventPublisher;
import org.springframework.security.authorization.AuthorizationEventPublisher;
import org.springframework.security.authorization.SpringAuthorizationEventPublisher;

/**
 * Who may call, where there is a server.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnBean(GrpcServer.class)
@ConditionalOnBooleanProperty(name = "strand.server.security.enabled", matchIfMissing = true)
class CallRulesConfiguration {

	@Bean
	@ConditionalOnMissingBean
	GrpcSecurityPolicy strandGrpcSecurityPolicy(GrpcSecurity security) {
		return security.build();
	}

	/** Inside of the observation, which sees what is refused. */
	@Bean
	@GrpcGlobalServerInterceptor
	@Order(Ordered.HIGHEST_PRECEDENCE + 200)
	@ConditionalOnMissingBean
	GrpcSecurityInterceptor strandGrpcSecurityInterceptor(GrpcSecurityPolicy policy, CallSecurityContext contexts,
			Refusals refusals, GrpcSecurityProperties properties) {
		return new GrpcSecurityInterceptor(policy, contexts, refusals, failedAttempts(properties.getFailedAttempts()));
	}

	/** What the interceptor does not see must not be there. */
	@Bean
	@ConditionalOnMissingBean
	UninterceptedServices strandUninterceptedServices() {
		return UninterceptedServices.REFUSE;
	}

	private static @Nullable FailedAttempts failedAttempts(GrpcSecurityProperties.FailedAttempts properties) {
		int max = properties.getMax();
		Duration window = properties.getWindow();
		if (max < 0) {
			throw new GrpcServerStartException("strand.server.security.failed-attempts.max", max,
					"It is less than zero.", "Set it to the number of failures to allow, or to 0 for no limit.", null);
		}
		if (window.isZero() || window.isNegative()) {
			throw new GrpcServerStartException("strand.server.security.failed-attempts.window", window,
					"A window must have a length.",
					"Set it to a time such as 1m; for no limit, set strand.server.security.failed-attempts.max to 0.",
					null);
		}
		return (max > 0) ? new FailedAttempts(max, window) : null;
	}

	@Bean
	@ConditionalOnMissingBean
	Refusals strandRefusals(ObjectProvider<AuthenticationEventPublisher> authenticationEvents,
			AuthorizationEventPublisher authorizationEvents, ApplicationEventPublisher events,
			PublishedFailures published) {
		return new Refusals(authenticationEvents.getIfUnique(() -> new DefaultAuthenticationEventPublisher(events)),
				authorizationEvents, events, published);
	}

	@Bean
	PublishedFailures strandPublishedAuthenticationFailures() {
		return new PublishedFailures();
	}

	@Bean
	@ConditionalOnMissingBean
	DeniedMethods strandDeniedMethods() {
		return new DeniedMethods();
	}

	/** For what annotations of methods deny, too. */
	@Bean
	@ConditionalOnMissingBean
	AuthorizationEventPublisher strandAuthorizationEventPublisher(ApplicationEventPublisher events) {
		return new SpringAuthorizationEventPublisher(events);
	}

}
