package io.strand.grpc.autoconfigure.security;

import io.grpc.ServerInterceptor;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.security.CallSecurityContext;
import io.strand.grpc.security.GrpcSecurity;
import io.strand.grpc.security.GrpcSecurityCheck;
import io.strand.grpc.security.GrpcSecurityPolicy;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigureOrder;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Scope;
import org.springframework.core.Ordered;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextHolderStrategy;

/**
 * Auto-configuration of Spring Security for the gRPC server.
 */
@AutoConfigureOrder(Ordered.LOWEST_PRECEDENCE - 5)
@AutoConfiguration(after = GrpcServerAutoConfiguration.class,
		afterName = { "org.springframework.boot.security.autoconfigure.SecurityAutoConfiguration",
				"org.springframework.boot.security.autoconfigure.UserDetailsServiceAutoConfiguration",
				"org.springframework.boot.security.oauth2.server.resource.autoconfigure"
						+ ".OAuth2ResourceServerAutoConfiguration" })
@ConditionalOnClass({ ServerInterceptor.class, SecurityContextHolder.class })
@EnableConfigurationProperties(GrpcSecurityProperties.class)
@Import(CallRulesConfiguration.class)
public final class GrpcSecurityAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	CallSecurityContext strandCallSecurityContext(ObjectProvider<SecurityContextHolderStrategy> contexts) {
		return new CallSecurityContext(contexts.getIfUnique(SecurityContextHolder::getContextHolderStrategy));
	}

	@Bean
	@Scope(ConfigurableBeanFactory.SCOPE_PROTOTYPE)
	@ConditionalOnMissingBean
	GrpcSecurity strandGrpcSecurity(BeanFactory beans) {
		return new GrpcSecurity(beans);
	}

	@Bean
	@ConditionalOnMissingBean
	GrpcSecurityCheck strandGrpcSecurityCheck(ObjectProvider<GrpcSecurityPolicy> policy,
			GrpcSecurityProperties properties, ListableBeanFactory beans) {
		return new GrpcSecurityCheck(policy.getIfAvailable(), properties.isEnabled(), beans);
	}

}
