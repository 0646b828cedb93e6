package io.strand.grpc.interop;

import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.testing.integration.AbstractInteropTest;
import io.grpc.testing.integration.TestServiceGrpc.TestServiceBlockingStub;
import io.strand.grpc.client.GrpcChannelCustomizer;

import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;

/**
 * An application that calls the service of gRPC's tests, with their flow control window.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
class InteropApplication {

	@Bean
	Client client(TestServiceBlockingStub stub) {
		return new Client(stub);
	}

	@Bean
	GrpcChannelCustomizer flowControlWindow() {
		return (name, builder) -> ((NettyChannelBuilder) builder)
			.flowControlWindow(AbstractInteropTest.TEST_FLOW_CONTROL_WINDOW);
	}

	record Client(TestServiceBlockingStub stub) {

	}

}
