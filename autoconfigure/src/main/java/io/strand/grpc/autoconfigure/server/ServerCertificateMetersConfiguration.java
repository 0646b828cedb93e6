package io.strand.grpc.autoconfigure.server;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.strand.grpc.server.GrpcServer;

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

	/**
	 * Makes the meter.
	 * @param certificates what it tells of
	 * @param server whose creation makes the certificates known
	 * @return the meter
	 */
	@Bean
	@ConditionalOnMissingBean
	ServerCertificateMeters strandServerCertificateMeters(ServerCertificates certificates, GrpcServer server) {
		return new ServerCertificateMeters(certificates);
	}

}
