package io.strand.grpc.autoconfigure.server;

import java.util.HashMap;
import java.util.Map;

import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerStartedEvent;

import org.springframework.context.ApplicationListener;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;

/**
 * Publishes the port of the started server as {@code local.grpc.server.port}, and those
 * of its listeners as {@code local.strand.server.<name>.port}, next to where Spring Boot
 * publishes the web server's.
 */
class GrpcServerPortPublisher implements ApplicationListener<GrpcServerStartedEvent> {

	private static final String PROPERTY_SOURCE = "server.ports";

	private final ConfigurableEnvironment environment;

	GrpcServerPortPublisher(ConfigurableEnvironment environment) {
		this.environment = environment;
	}

	@Override
	public void onApplicationEvent(GrpcServerStartedEvent event) {
		GrpcServer server = event.getServer();
		publish("local.grpc.server.port", server.getPort());
		server.getListeners()
			.forEach((name) -> publish("local.strand.server.%s.port".formatted(name), server.getPort(name)));
	}

	@SuppressWarnings("unchecked")
	private void publish(String property, int port) {
		if (port == -1) {
			return;
		}
		PropertySource<?> source = this.environment.getPropertySources().get(PROPERTY_SOURCE);
		if (source == null) {
			source = new MapPropertySource(PROPERTY_SOURCE, new HashMap<>());
			this.environment.getPropertySources().addFirst(source);
		}
		((Map<String, Object>) source.getSource()).put(property, port);
	}

}
