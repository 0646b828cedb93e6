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
 */
record CallAuthorization(Map<String, AuthorizationManager<ServerCall<?, ?>>> methods,
		Map<String, AuthorizationManager<ServerCall<?, ?>>> services, AuthorizationManager<ServerCall<?, ?>> anyCall) {

	AuthorizationManager<ServerCall<?, ?>> of(MethodDescriptor<?, ?> method) {
		AuthorizationManager<ServerCall<?, ?>> own = this.methods.get(method.getFullMethodName());
		return (own != null) ? own
				: this.services.getOrDefault(Objects.requireNonNullElse(method.getServiceName(), ""), this.anyCall);
	}

}
