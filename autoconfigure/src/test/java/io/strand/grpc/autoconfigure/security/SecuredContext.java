package io.strand.grpc.autoconfigure.security;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.Function;

import io.grpc.CallOptions;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.autoconfigure.properties.StrandPropertiesAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcCallScopeAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.security.GrpcSecurity;
import io.strand.grpc.security.GrpcSecurityPolicy;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestClient;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;

/**
 * What the tests of the server's security begin with.
 */
final class SecuredContext {

	static final Metadata.Key<String> AUTHORIZATION = Metadata.Key.of("authorization",
			Metadata.ASCII_STRING_MARSHALLER);

	static final MethodDescriptor<Message, Message> UNARY = EchoGrpc.getUnaryMethod();

	private SecuredContext() {
	}

	static ApplicationContextRunner runner() {
		return new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, GrpcCallScopeAutoConfiguration.class,
					GrpcServerAutoConfiguration.class, GrpcSecurityAutoConfiguration.class,
					StrandPropertiesAutoConfiguration.class))
			.withPropertyValues("strand.server.port=0");
	}

	/** With a policy that is built as an application builds it. */
	static ApplicationContextRunner withPolicy(ApplicationContextRunner runner,
			Function<GrpcSecurity, GrpcSecurityPolicy> policy) {
		return runner.withInitializer((context) -> ((GenericApplicationContext) context)
			.registerBean(GrpcSecurityPolicy.class, () -> policy.apply(context.getBean(GrpcSecurity.class))));
	}

	static TestClient client(ApplicationContext context) {
		return TestClient.tcp(context.getBean(GrpcServer.class).getPort());
	}

	/** Calls the unary method with a header, or none. */
	static Outcome call(TestClient client, String... authorization) {
		return call(client, UNARY, authorization);
	}

	static Outcome call(TestClient client, MethodDescriptor<Message, Message> method, String... authorization) {
		return Outcome.of(ClientInterceptors.intercept(client.channel(), with(authorization)), method,
				CallOptions.DEFAULT, Message.newBuilder().setText("hello").setNumber(3).build());
	}

	static ClientInterceptor with(String... authorization) {
		Metadata headers = new Metadata();
		for (String value : authorization) {
			headers.put(AUTHORIZATION, value);
		}
		return MetadataUtils.newAttachHeadersInterceptor(headers);
	}

	static String basic(String user, String password) {
		return "Basic " + base64((user + ":" + password).getBytes(StandardCharsets.UTF_8));
	}

	static String base64(byte[] bytes) {
		return Base64.getEncoder().encodeToString(bytes);
	}

	/** Ann is a clerk, Bob is not. */
	@Configuration(proxyBeanMethods = false)
	static class Users {

		@Bean
		UserDetailsService users() {
			return new InMemoryUserDetailsManager(
					User.withUsername("ann").password("{noop}secret").roles("CLERK").build(),
					User.withUsername("bob").password("{noop}a:b:c").roles("GUEST").build());
		}

	}

}
