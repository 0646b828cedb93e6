package io.strand.grpc.benchmarks;

import java.util.Map;

import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Strand's server as its starter makes it, with nothing configured but the port.
 */
final class StarterServer {

	private StarterServer() {
	}

	static int start() {
		SpringApplication application = new SpringApplication(Application.class);
		application.setDefaultProperties(Map.of("strand.server.port", "0", "spring.grpc.server.enabled", "false",
				"spring.main.banner-mode", "off", "logging.level.root", "warn"));
		return application.run().getBean(GrpcServer.class).getPort();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		@GrpcService
		BenchService benchService() {
			return new BenchService();
		}

	}

}
