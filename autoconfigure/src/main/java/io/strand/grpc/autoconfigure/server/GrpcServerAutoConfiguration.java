package io.strand.grpc.autoconfigure.server;

import java.time.Clock;
import java.util.List;

import io.grpc.BindableService;
import io.grpc.ServerBuilder;
import io.grpc.ServerInterceptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.autoconfigure.AnnotatedBeans;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.CallThreadHook;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerBuilderCustomizer;
import io.strand.grpc.server.GrpcServiceRegistrar;
import io.strand.grpc.server.HandlerSettingsResolver;
import io.strand.grpc.server.StandardServices;
import io.strand.grpc.server.UninterceptedServices;
import io.strand.grpc.service.ServiceDecorator;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigureOrder;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.util.LambdaSafe;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration of the gRPC server, in an application that has a service. Late, so
 * that it sees the services of other auto-configurations.
 */
@AutoConfigureOrder(Ordered.LOWEST_PRECEDENCE - 10)
@AutoConfiguration(afterName = "org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration")
@ConditionalOnClass({ BindableService.class, NettyServerBuilder.class })
@ConditionalOnBooleanProperty(name = "strand.server.enabled", matchIfMissing = true)
@Conditional(OnGrpcServiceCondition.class)
@EnableConfigurationProperties(GrpcServerProperties.class)
@Import({ AuthenticationArgumentConfiguration.class, ExceptionMappingConfiguration.class,
		RequestValidationConfiguration.class, StreamValidationConfiguration.class, LogContextConfiguration.class,
		ServerCertificateMetersConfiguration.class })
public final class GrpcServerAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	GrpcServer strandGrpcServer(GrpcServerProperties properties, ConfigurableListableBeanFactory beans, ServerSsl ssl,
			ObjectProvider<GrpcServerBuilderCustomizer<?>> customizers, CallEngine engine,
			HandlerSettingsResolver handlerSettings, ObjectProvider<ServiceDecorator> decorators,
			ObjectProvider<StandardServices> standardServices, ObjectProvider<UninterceptedServices> unintercepted,
			ApplicationEventPublisher events) {
		List<ServerInterceptor> interceptors = AnnotatedBeans.ordered(beans, ServerInterceptor.class,
				GrpcGlobalServerInterceptor.class);
		GrpcServiceRegistrar registrar = new GrpcServiceRegistrar(beans, interceptors,
				properties.isServeAllBindableServices(), engine, handlerSettings, decorators.orderedStream().toList(),
				standardServices.orderedStream().toList());
		List<GrpcServerBuilderCustomizer<?>> ordered = customizers.orderedStream().toList();
		return new GrpcServer(new GrpcServerSettingsMapper(ssl).map(properties),
				new ListenersMapper(beans, interceptors, ssl).map(properties), registrar.getServices(),
				(builder) -> customize(ordered, builder),
				unintercepted.getIfAvailable(() -> UninterceptedServices.WARN), engine, events);
	}

	@Bean
	@ConditionalOnMissingBean
	ServerCertificates strandServerCertificates() {
		return new ServerCertificates(Clock.systemUTC());
	}

	/** After the server, whose creation makes the certificates known. */
	@Bean
	@ConditionalOnMissingBean
	CertificateWatch strandCertificateWatch(ServerCertificates certificates, GrpcServer server) {
		return new CertificateWatch(certificates);
	}

	@Bean
	@ConditionalOnMissingBean
	ServerSsl strandServerSsl(ObjectProvider<SslBundles> sslBundles, ServerCertificates certificates) {
		return new ServerSsl(sslBundles, certificates);
	}

	@Bean
	@ConditionalOnMissingBean
	HandlerSettingsResolver strandHandlerSettings(GrpcServerProperties properties) {
		return new HandlerSettingsMapper(properties).map();
	}

	@Bean
	@ConditionalOnMissingBean
	CallEngine strandCallEngine(HandlerSettingsResolver handlerSettings, GrpcServerProperties properties,
			Environment environment, ObjectProvider<CallThreadHook> hooks) {
		// Whoever turned virtual threads off for the whole application meant gRPC too
		boolean virtual = environment.getProperty("spring.threads.virtual.enabled", Boolean.class, true);
		return new CallEngine(handlerSettings, virtual, properties.getHandler().getPlatform().getMaxThreads(),
				CallThreadHook.allOf(hooks.orderedStream().toList()));
	}

	@Bean
	@ConditionalOnMissingBean
	GrpcServerPortPublisher strandGrpcServerPortPublisher(ConfigurableEnvironment environment) {
		return new GrpcServerPortPublisher(environment);
	}

	@Bean
	@ConditionalOnMissingBean
	ShutdownTimeCheck strandShutdownTimeCheck(GrpcServerProperties properties, Environment environment) {
		return new ShutdownTimeCheck(properties, environment);
	}

	@SuppressWarnings("unchecked")
	private static void customize(List<GrpcServerBuilderCustomizer<?>> customizers, ServerBuilder<?> builder) {
		LambdaSafe.callbacks(GrpcServerBuilderCustomizer.class, customizers, builder)
			.withLogger(GrpcServerAutoConfiguration.class)
			.invoke((customizer) -> customizer.customize(builder));
	}

}
