package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.autoconfigure.AnnotatedBeans;
import io.strand.grpc.service.advice.CommonExceptionMapper;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcAdvices;
import io.strand.grpc.service.advice.GrpcExceptionMapper;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

/**
 * What clients are told of exceptions.
 */
@Configuration(proxyBeanMethods = false)
class ExceptionMappingConfiguration {

	/** Outside of the validation, whose exceptions it sees. */
	@Bean
	@Order(0)
	@ConditionalOnMissingBean
	GrpcAdvices strandGrpcAdvices(ConfigurableListableBeanFactory beans, ObjectProvider<GrpcExceptionMapper> mapper) {
		return new GrpcAdvices(AnnotatedBeans.ordered(beans, Object.class, GrpcAdvice.class), mapper.getIfAvailable());
	}

	@Bean
	@ConditionalOnMissingBean(GrpcExceptionMapper.class)
	@ConditionalOnBooleanProperty(name = "strand.server.errors.default-mapping", matchIfMissing = true)
	CommonExceptionMapper strandCommonExceptionMapper(ConfigurableListableBeanFactory beans) {
		return new CommonExceptionMapper(beans.getBeanClassLoader());
	}

}
