package io.strand.grpc.autoconfigure.server;

import io.grpc.ServerCall;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.service.scope.CallScope;
import io.strand.grpc.service.scope.CurrentGrpcCall;
import io.strand.grpc.service.scope.GrpcCallScope;
import io.strand.grpc.service.scope.GrpcContextTaskDecorator;

import org.springframework.beans.factory.config.CustomScopeConfigurer;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of what belongs to one call: its scope, the call itself, and its
 * context on the threads of the application's executor. There without a server too, so
 * that beans of that scope can be declared anywhere.
 */
@AutoConfiguration(beforeName = "org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration")
@ConditionalOnClass(ServerCall.class)
public final class GrpcCallScopeAutoConfiguration {

	@Bean
	static CustomScopeConfigurer strandGrpcCallScope() {
		CustomScopeConfigurer scopes = new CustomScopeConfigurer();
		scopes.addScope(GrpcCallScope.NAME, new CallScope());
		return scopes;
	}

	@Bean
	@ConditionalOnMissingBean(GrpcCall.class)
	CurrentGrpcCall strandCurrentGrpcCall() {
		return new CurrentGrpcCall();
	}

	/** Spring Boot's own decorator, which does the same and more, needs that class. */
	@Bean
	@ConditionalOnMissingBean
	@ConditionalOnMissingClass("io.micrometer.context.ContextSnapshot")
	@ConditionalOnBooleanProperty("spring.task.execution.propagate-context")
	GrpcContextTaskDecorator strandGrpcContextTaskDecorator() {
		return new GrpcContextTaskDecorator();
	}

}
