package io.strand.grpc.autoconfigure.server;

import io.grpc.BindableService;
import io.strand.grpc.service.GrpcService;

import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;

/**
 * Matches in an application that has something to serve, so that one that only calls
 * others opens no port.
 */
class OnGrpcServiceCondition extends AnyNestedCondition {

	OnGrpcServiceCondition() {
		super(ConfigurationPhase.REGISTER_BEAN);
	}

	@ConditionalOnBean(annotation = GrpcService.class)
	static class OnAnnotatedService {

	}

	@ConditionalOnBean(BindableService.class)
	@ConditionalOnBooleanProperty(name = "strand.server.serve-all-bindable-services", matchIfMissing = true)
	static class OnBindableService {

	}

}
