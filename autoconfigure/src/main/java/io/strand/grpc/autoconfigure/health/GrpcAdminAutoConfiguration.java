package io.strand.grpc.autoconfigure.health;

import java.util.List;
import java.util.stream.Stream;

import io.grpc.BindableService;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.services.ChannelzService;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.grpc.services.AdminInterface;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.call.Threading;
import io.strand.grpc.health.ToolStreams;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.StandardServices;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration of the services for those who operate or try out a gRPC server. They
 * tell how the application is made, so each has to be asked for.
 */
@AutoConfiguration(after = GrpcServerAutoConfiguration.class)
@ConditionalOnClass({ BindableService.class, ProtoReflectionServiceV1.class })
@ConditionalOnBean(GrpcServer.class)
@EnableConfigurationProperties({ GrpcReflectionProperties.class, GrpcChannelzProperties.class,
		GrpcAdminProperties.class })
public final class GrpcAdminAutoConfiguration {

	private static final int CHANNELZ_PAGE = 100;

	@Bean
	@ConditionalOnBooleanProperty("strand.server.reflection.enabled")
	@ConditionalOnMissingBean(name = "strandReflectionServices")
	@SuppressWarnings("deprecation") // what many tools still ask for
	StandardServices strandReflectionServices() {
		return services(Stream.of(ProtoReflectionServiceV1.newInstance(), ProtoReflectionService.newInstance())
			.map(BindableService::bindService)
			.toList());
	}

	@Bean
	@ConditionalOnBooleanProperty("strand.server.channelz.enabled")
	@ConditionalOnMissingBean(name = "strandChannelzServices")
	StandardServices strandChannelzServices() {
		return services(List.of(ChannelzService.newInstance(CHANNELZ_PAGE).bindService()));
	}

	@Bean
	@ConditionalOnBooleanProperty("strand.server.admin.enabled")
	@ConditionalOnMissingBean(name = "strandAdminServices")
	StandardServices strandAdminServices() {
		return services(AdminInterface.getStandardServices());
	}

	private static StandardServices services(List<ServerServiceDefinition> definitions) {
		return new StandardServices(definitions.stream()
			.map((definition) -> ServerInterceptors.intercept(definition, new ToolStreams()))
			.toList(), Threading.AUTO);
	}

}
