package io.strand.grpc.autoconfigure.security;

import io.grpc.Status.Code;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.security.GrpcSecurity;
import io.strand.grpc.security.GrpcSecurityPolicy;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.aot.test.generate.TestGenerationContext;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.aop.AopAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.test.tools.CompileWithForkedClassLoader;
import org.springframework.core.test.tools.TestCompiler;
import org.springframework.javapoet.ClassName;

import static io.strand.grpc.autoconfigure.security.SecuredContext.basic;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Security of applications that are processed ahead of time.
 */
@ExtendWith(LeakCheckExtension.class)
class SecurityAotTests {

	@Test
	@CompileWithForkedClassLoader
	@SuppressWarnings("unchecked")
	void policyIsAppliedInAContextThatWasProcessedAheadOfTime() {
		TestGenerationContext generation = new TestGenerationContext();
		AnnotationConfigApplicationContext source = new AnnotationConfigApplicationContext();
		source.register(Application.class);
		TestPropertyValues.of("strand.server.port=0").applyTo(source);
		ClassName initializer = new ApplicationContextAotGenerator().processAheadOfTime(source, generation);
		generation.writeGeneratedContent();
		TestCompiler.forSystem().with(generation).compile((compiled) -> {
			try (GenericApplicationContext context = new GenericApplicationContext()) {
				TestPropertyValues.of("strand.server.port=0").applyTo(context);
				compiled.getInstance(ApplicationContextInitializer.class, initializer.toString()).initialize(context);
				context.refresh();
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(SecuredContext.call(client, basic("ann", "secret")).status().isOk()).isTrue();
					assertThat(SecuredContext.call(client, basic("bob", "a:b:c")).status().getCode())
						.isEqualTo(Code.PERMISSION_DENIED);
				}
			}
		});
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ SslAutoConfiguration.class, AopAutoConfiguration.class,
			GrpcServerAutoConfiguration.class, GrpcSecurityAutoConfiguration.class })
	@Import({ EchoService.class, SecuredContext.Users.class })
	static class Application {

		@Bean
		GrpcSecurityPolicy policy(GrpcSecurity grpc) {
			return grpc.httpBasic().authorizeCalls((calls) -> calls.anyCall().hasRole("CLERK")).build();
		}

	}

}
