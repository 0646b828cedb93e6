package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.security.AuthenticationArgument;

import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.security.core.Authentication;

/**
 * The caller as a parameter of methods, if Spring Security is there.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(Authentication.class)
class AuthenticationArgumentConfiguration {

	@Bean
	@Order(Ordered.LOWEST_PRECEDENCE)
	@ConditionalOnMissingBean
	AuthenticationArgument strandAuthenticationArgument() {
		return new AuthenticationArgument();
	}

}
