package io.strand.grpc.autoconfigure.server;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.strand.grpc.server.GrpcServer;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The meter of the server's certificates, where Micrometer is.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(MeterBinder.class)
class ServerCertificateMetersConfiguration {

	@Bean
	@ConditionalOnMissingBean
	ServerCertificateMeters strandServerCertificateMeters(ServerCertificates certificates,
			ObjectProvider<GrpcServer> server) {
		return new ServerCertificateMeters(certificates, server);
	}

}
