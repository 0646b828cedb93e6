package io.strand.grpc.autoconfigure.server;

import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import io.strand.grpc.service.validation.RequestValidation;

import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

/**
 * Validation of requests by protovalidate, if it is there.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(Validator.class)
@ConditionalOnBooleanProperty(name = "strand.server.validation.enabled", matchIfMissing = true)
class RequestValidationConfiguration {

	@Bean
	@Order(100)
	@ConditionalOnMissingBean
	RequestValidation strandRequestValidation(Validator validator) {
		return new RequestValidation(validator);
	}

	@Bean
	@ConditionalOnMissingBean
	Validator strandProtoValidator() {
		return ValidatorFactory.newBuilder().build();
	}

}
