package io.strand.grpc.autoconfigure.test;

import java.util.UUID;

import io.strand.grpc.autoconfigure.server.GrpcServerProperties;
import io.strand.grpc.autoconfigure.server.GrpcServerProperties.InProcess;

import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.util.StringUtils;

/**
 * Leaves the server no address but an in-process one, of a name that is free: there may
 * be servers of other tests in the JVM.
 */
class InProcessServerOnly implements BeanPostProcessor {

	@Override
	public Object postProcessBeforeInitialization(Object bean, String beanName) {
		if (bean instanceof GrpcServerProperties properties) {
			properties.setPort(-1);
			properties.setUnixSocket(null);
			InProcess inProcess = properties.getInProcess();
			if (!StringUtils.hasText(inProcess.getName())) {
				inProcess.setName("strand-test-" + UUID.randomUUID());
			}
		}
		return bean;
	}

}
