package io.strand.grpc.autoconfigure.client;

import io.grpc.stub.AbstractStub;
import io.micrometer.core.instrument.binder.grpc.GrpcClientObservationConvention;
import io.micrometer.core.instrument.binder.grpc.ObservationGrpcClientInterceptor;
import io.micrometer.observation.ObservationRegistry;
import io.strand.grpc.client.GrpcGlobalClientInterceptor;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Auto-configuration of observations of calls: a timer and, with a tracing bridge, a span
 * for each, whose context goes along with the call.
 */
@AutoConfiguration(
		afterName = "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration")
@ConditionalOnClass({ AbstractStub.class, ObservationRegistry.class, ObservationGrpcClientInterceptor.class })
@ConditionalOnBooleanProperty(name = { "strand.client.enabled", "strand.client.observation.enabled" },
		matchIfMissing = true)
@ConditionalOnBean(ObservationRegistry.class)
public final class GrpcClientObservationAutoConfiguration {

	/**
	 * Outside all interceptors of the application, so that what they refuse is seen too
	 * and what they do is part of the call.
	 */
	@Bean
	@ConditionalOnMissingBean
	@GrpcGlobalClientInterceptor
	@Order(Ordered.HIGHEST_PRECEDENCE)
	ObservationGrpcClientInterceptor strandClientObservation(ObservationRegistry registry,
			ObjectProvider<GrpcClientObservationConvention> convention) {
		ObservationGrpcClientInterceptor interceptor = new ObservationGrpcClientInterceptor(registry);
		convention.ifAvailable(interceptor::setCustomConvention);
		return interceptor;
	}

}
