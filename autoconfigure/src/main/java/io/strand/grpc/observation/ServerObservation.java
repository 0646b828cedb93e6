package io.strand.grpc.observation;

import java.util.Set;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.micrometer.core.instrument.binder.grpc.GrpcServerObservationConvention;
import io.micrometer.core.instrument.binder.grpc.ObservationGrpcServerInterceptor;
import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;

/**
 * Observes calls with Micrometer's interceptor, and tells it what it cannot know: how a
 * call ended whose handler did not end it. The observation is open on the thread of each
 * callback while that runs, and on no other. Thread-safe.
 */
public final class ServerObservation implements ServerInterceptor {

	private final ObservationRegistry registry;

	private final ObservationGrpcServerInterceptor micrometer;

	private final Set<String> excludedServices;

	/**
	 * Makes an interceptor, to be put outside all others.
	 * @param registry what is told of the observations
	 * @param convention their names and tags; {@code null} for Micrometer's own
	 * @param excludedServices the full names of services whose calls are not observed
	 */
	public ServerObservation(ObservationRegistry registry, @Nullable GrpcServerObservationConvention convention,
			Set<String> excludedServices) {
		this.registry = registry;
		this.micrometer = new ObservationGrpcServerInterceptor(registry);
		this.micrometer.setCustomConvention(convention);
		this.excludedServices = Set.copyOf(excludedServices);
	}

	@Override
	public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		String service = call.getMethodDescriptor().getServiceName();
		if (service != null && this.excludedServices.contains(service)) {
			return next.startCall(call, headers);
		}
		return this.micrometer.interceptCall(call, headers, new ObservedHandler<>(this.registry, next));
	}

}
