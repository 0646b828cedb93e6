package com.example.shop;

import java.util.concurrent.TimeUnit;

import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.server.GrpcServerBuilderCustomizer;
import io.strand.grpc.service.GrpcService;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration(proxyBeanMethods = false)
class ServerConfiguration {

	// tag::bean-method[]
	@Bean
	@GrpcService(interceptors = AuditInterceptor.class, excludedInterceptors = CallLogInterceptor.class)
	PriceService prices() {
		return new PriceService(250);
	}
	// end::bean-method[]

	// tag::customizer[]
	@Bean
	GrpcServerBuilderCustomizer<NettyServerBuilder> oftenProbedConnections() {
		return (builder) -> builder.permitKeepAliveTime(30, TimeUnit.SECONDS);
	}
	// end::customizer[]

}
