package io.strand.grpc.service;

import io.grpc.ServerServiceDefinition;

/**
 * Wraps the handlers of services, below all interceptors and below the guard of the call:
 * what is added here sees a call exactly as its handler does.
 */
public interface ServiceDecorator {

	/**
	 * Wraps the handlers of a service.
	 * @param beanName the name of the service's bean
	 * @param bean the bean, which may be a proxy
	 * @param service the service
	 * @return the service to be served
	 */
	ServerServiceDefinition decorate(String beanName, Object bean, ServerServiceDefinition service);

	/**
	 * Called when all services have been decorated, to refuse with one exception what was
	 * found to be wrong with any of them.
	 */
	default void check() {
	}

}
