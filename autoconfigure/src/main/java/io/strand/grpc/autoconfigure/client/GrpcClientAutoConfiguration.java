package io.strand.grpc.autoconfigure.client;

import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;

import io.grpc.ClientInterceptor;
import io.grpc.NameResolverProvider;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.strand.grpc.autoconfigure.AnnotatedBeans;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerProperties;
import io.strand.grpc.client.GrpcChannelCustomizer;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.GrpcGlobalClientInterceptor;
import io.strand.grpc.client.OwnServer;
import io.strand.grpc.client.StubCandidateResolver;
import io.strand.grpc.thread.CallThreads;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration of gRPC channels and of the stubs on them.
 */
@AutoConfiguration(after = GrpcServerAutoConfiguration.class,
		afterName = "org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration")
@ConditionalOnClass({ AbstractStub.class, NettyChannelBuilder.class })
@ConditionalOnBooleanProperty(name = "strand.client.enabled", matchIfMissing = true)
@EnableConfigurationProperties(GrpcClientProperties.class)
public final class GrpcClientAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	GrpcChannels strandGrpcChannels(GrpcClientProperties properties, ListableBeanFactory beans, OwnServer ownServer,
			ObjectProvider<SslBundles> sslBundles, ObjectProvider<GrpcChannelCustomizer> customizers,
			ObjectProvider<NameResolverProvider> nameResolvers, Environment environment) {
		return new GrpcChannels(new ChannelSettingsMapper(sslBundles).map(properties.getChannels()),
				() -> AnnotatedBeans.ordered(beans, ClientInterceptor.class, GrpcGlobalClientInterceptor.class),
				() -> customizers.orderedStream().toList(), ownServer, callbacks(environment),
				nameResolvers.orderedStream().toList());
	}

	@Bean
	ChannelStartUpLifecycle strandChannelStartUp(GrpcChannels channels) {
		return new ChannelStartUpLifecycle(channels);
	}

	/**
	 * A virtual thread for each batch of callbacks, where the JVM has them and the
	 * application did not turn them off.
	 */
	private static @Nullable Executor callbacks(Environment environment) {
		if (!CallThreads.areVirtualAvailable()
				|| !environment.getProperty("spring.threads.virtual.enabled", Boolean.class, true)) {
			return null;
		}
		ThreadFactory threads = CallThreads.virtualFactory("grpc-callback");
		return (task) -> threads.newThread(task).start();
	}

	@Bean
	@ConditionalOnMissingBean(OwnServer.class)
	ApplicationOwnServer strandOwnServer(ListableBeanFactory beans, ObjectProvider<GrpcServerProperties> properties) {
		return new ApplicationOwnServer(beans, properties);
	}

	@Bean
	MethodNamesCheck strandMethodNamesCheck(GrpcClientProperties properties, ListableBeanFactory beans) {
		return new MethodNamesCheck(properties, beans);
	}

	@Bean
	static BeanFactoryPostProcessor strandStubInjection() {
		return (beans) -> StubCandidateResolver.install((DefaultListableBeanFactory) beans,
				() -> beans.getBean(GrpcChannels.class));
	}

}
