package io.strand.grpc.autoconfigure.client;

import io.grpc.stub.AbstractStub;
import io.strand.grpc.autoconfigure.properties.StrandPropertiesAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

/**
 * What the tests of the client's auto-configuration begin with.
 */
final class ClientContext {

	private ClientContext() {
	}

	/**
	 * A runner of contexts with the auto-configuration of client and server; there is a
	 * server only where there is a service, on any free port.
	 * @return the runner
	 */
	static ApplicationContextRunner runner() {
		return configured(new ApplicationContextRunner());
	}

	static ApplicationContextRunner configured(ApplicationContextRunner runner) {
		return runner
			.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, GrpcServerAutoConfiguration.class,
					GrpcClientAutoConfiguration.class, StrandPropertiesAutoConfiguration.class))
			.withPropertyValues("strand.server.port=0");
	}

	/**
	 * The names of the stub beans that exist, of any type.
	 * @param context the context
	 * @return the names
	 */
	static String[] stubBeans(ApplicationContext context) {
		return context.getBeanNamesForType(AbstractStub.class);
	}

}
