package io.strand.grpc.autoconfigure.client;

import io.grpc.stub.AbstractStub;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.strand.grpc.client.GrpcChannels;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the meters of channels. Spring Boot binds them to the registries
 * that there are.
 */
@AutoConfiguration(after = GrpcClientAutoConfiguration.class)
@ConditionalOnClass({ AbstractStub.class, MeterBinder.class })
@ConditionalOnBean(GrpcChannels.class)
public final class GrpcClientMetersAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	GrpcClientMeters strandClientMeters(GrpcChannels channels, ListableBeanFactory beans) {
		return new GrpcClientMeters(channels, beans);
	}

}
