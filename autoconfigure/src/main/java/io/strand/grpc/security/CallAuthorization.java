package io.strand.grpc.security;

import java.util.Map;
import java.util.Objects;

import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;

import org.springframework.security.authorization.AuthorizationManager;

/**
 * The rules, ready to be asked. Immutable.
 *
 * @param methods by full name of the method
 * @param services by full name of the service
 * @param anyCall for the rest
 * @param health whether health checks are open without a rule that says so
 */
record CallAuthorization(Map<String, AuthorizationManager<ServerCall<?, ?>>> methods,
		Map<String, AuthorizationManager<ServerCall<?, ?>>> services, AuthorizationManager<ServerCall<?, ?>> anyCall,
		boolean health) {

	/**
	 * Whether nobody needs to look who calls. Health checks must work when what
	 * authenticates does not, and run on the event loop, where that may not wait.
	 */
	boolean isOpen(MethodDescriptor<?, ?> method) {
		return this.health && GrpcCallRules.HEALTH.equals(method.getServiceName());
	}

	AuthorizationManager<ServerCall<?, ?>> of(MethodDescriptor<?, ?> method) {
		AuthorizationManager<ServerCall<?, ?>> own = this.methods.get(method.getFullMethodName());
		return (own != null) ? own
				: this.services.getOrDefault(Objects.requireNonNullElse(method.getServiceName(), ""), this.anyCall);
	}

}
