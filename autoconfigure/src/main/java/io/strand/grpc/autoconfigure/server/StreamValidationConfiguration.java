package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.service.StreamValidation;
import io.strand.grpc.service.validation.MessageConstraints;
import jakarta.validation.Validator;
import jakarta.validation.ValidatorFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Validation of streams by Jakarta Validation, if it is there.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(Validator.class)
class StreamValidationConfiguration {

	@Bean
	@ConditionalOnMissingBean
	StreamValidation strandStreamValidation(ObjectProvider<Validator> validators,
			ObjectProvider<ValidatorFactory> factories) {
		return new MessageConstraints(() -> validator(validators, factories));
	}

	private static @Nullable Validator validator(ObjectProvider<Validator> validators,
			ObjectProvider<ValidatorFactory> factories) {
		Validator validator = validators.getIfUnique();
		ValidatorFactory factory = (validator == null) ? factories.getIfUnique() : null;
		return (factory != null) ? factory.getValidator() : validator;
	}

}
