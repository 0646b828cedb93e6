package io.strand.grpc.server;

import java.util.List;

import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * What becomes of services that a {@link GrpcServerBuilderCustomizer} adds to a builder,
 * itself or by a fallback registry. They are beans to nobody, so no interceptor of the
 * application sees their calls.
 */
public enum UninterceptedServices {

	/** They are served, and the log warns of them. */
	WARN {

		@Override
		void found(String names) {
			logger.warn(REASON.formatted(names) + " " + REMEDY);
		}

	},

	/** They keep the server from starting: those interceptors say who may call. */
	REFUSE {

		@Override
		void found(String names) {
			throw new InvalidGrpcServiceException(
					REASON.formatted(names)
							+ " Neither do the rules of strand.server.security hold for them: anybody could call.",
					REMEDY);
		}

	};

	private static final Log logger = LogFactory.getLog(UninterceptedServices.class);

	private static final String REASON = "A GrpcServerBuilderCustomizer adds services to the builder of the gRPC server"
			+ " whose calls no interceptor sees: %s.";

	private static final String REMEDY = "Make each of them a bean, annotated with @GrpcService, instead.";

	void check(Server built, List<ServerServiceDefinition> registered) {
		List<String> names = built.getServices()
			.stream()
			.filter((service) -> !registered.contains(service))
			.map((service) -> service.getServiceDescriptor().getName())
			.toList();
		if (!names.isEmpty()) {
			found(String.join(", ", names));
		}
	}

	abstract void found(String names);

}
