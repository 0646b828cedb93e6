package io.strand.grpc.benchmarks;

import java.util.Map;
import java.util.concurrent.Executor;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.grpc.server.GrpcServerFactory;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/**
 * Spring Boot's own gRPC server.
 */
final class BootServer {

	private BootServer() {
	}

	static int start(boolean virtual) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setDefaultProperties(Map.of("spring.grpc.server.port", "0", "strand.server.enabled", "false",
				"spring.main.banner-mode", "off", "logging.level.root", "warn"));
		if (virtual) {
			application.setAdditionalProfiles("virtual");
		}
		ConfigurableApplicationContext context = application.run();
		return context.getBean(GrpcServerLifecycle.class).getPort();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		BenchService benchService() {
			return new BenchService();
		}

		@Bean
		@Profile("virtual")
		org.springframework.boot.grpc.server.autoconfigure.GrpcServerExecutorProvider executor()
				throws ReflectiveOperationException {
			Executor threads = BenchServer.virtualThreads();
			return () -> threads;
		}

	}

}
