package io.strand.grpc.autoconfigure.server;

import io.strand.grpc.autoconfigure.properties.StrandPropertiesAutoConfiguration;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.TestClient;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

/**
 * What the tests of the server's auto-configuration begin with.
 */
final class ServerContext {

	private ServerContext() {
	}

	/**
	 * A runner of contexts with the server's auto-configuration, on any free port.
	 * @return the runner
	 */
	static ApplicationContextRunner runner() {
		return new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, GrpcCallScopeAutoConfiguration.class,
					GrpcServerAutoConfiguration.class, StrandPropertiesAutoConfiguration.class))
			.withPropertyValues("strand.server.port=0");
	}

	static GrpcServer server(ApplicationContext context) {
		return context.getBean(GrpcServer.class);
	}

	static TestClient client(ApplicationContext context) {
		return TestClient.tcp(server(context).getPort());
	}

}
