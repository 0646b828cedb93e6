package io.strand.grpc.autoconfigure.health;

import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthGrpc;
import io.strand.grpc.health.WatchStreams;
import io.strand.grpc.service.ServiceDecorator;

/**
 * Has the streams of an application's own health service end when the server stops.
 */
class WatchDecorator implements ServiceDecorator {

	@Override
	public ServerServiceDefinition decorate(String beanName, Object bean, ServerServiceDefinition service) {
		return HealthGrpc.SERVICE_NAME.equals(service.getServiceDescriptor().getName())
				? ServerInterceptors.intercept(service, WatchStreams.ofAnyHandler()) : service;
	}

}
