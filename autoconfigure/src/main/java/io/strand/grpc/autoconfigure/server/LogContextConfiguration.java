package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.service.scope.CallLogContext;
import org.slf4j.MDC;

import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * What the log lines of a call tell of it.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(MDC.class)
class LogContextConfiguration {

	@Bean
	@ConditionalOnMissingBean
	CallLogContext strandCallLogContext(GrpcServerProperties properties) {
		return new CallLogContext(properties.getHandler().getLogContext());
	}

}
