package io.strand.grpc.call;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import io.grpc.MethodDescriptor;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;

/**
 * The methods that an engine serves: prepares their services for it, and plans how the
 * calls of each are run. Thread-safe.
 */
final class MethodPlans {

	private final Map<String, MethodPlan> plans = new ConcurrentHashMap<>();

	private final Function<MethodDescriptor<?, ?>, HandlerSettings> settings;

	private final MethodThreads threads;

	MethodPlans(Function<MethodDescriptor<?, ?>, HandlerSettings> settings, MethodThreads threads) {
		this.settings = settings;
		this.threads = threads;
	}

	MethodPlan of(MethodDescriptor<?, ?> descriptor) {
		MethodPlan plan = this.plans.get(descriptor.getFullMethodName());
		return (plan != null) ? plan : this.plans.computeIfAbsent(descriptor.getFullMethodName(), (name) -> {
			HandlerSettings of = this.settings.apply(descriptor);
			return new MethodPlan(descriptor, of, this.threads.of(of.threading(), name));
		});
	}

	/**
	 * Has a service's requests decoded on their calls' threads, and responses guarded.
	 */
	ServerServiceDefinition prepare(ServerServiceDefinition service) {
		List<ServerMethodDefinition<?, ?>> methods = new ArrayList<>();
		service.getMethods().forEach((method) -> methods.add(prepare(method)));
		ServiceDescriptor.Builder descriptor = ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName())
			// What reflection tells of it
			.setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
		methods.forEach((method) -> descriptor.addMethod(method.getMethodDescriptor()));
		ServerServiceDefinition.Builder prepared = ServerServiceDefinition.builder(descriptor.build());
		methods.forEach(prepared::addMethod);
		return prepared.build();
	}

	@SuppressWarnings("unchecked")
	private <Q, R> ServerMethodDefinition<Object, R> prepare(ServerMethodDefinition<Q, R> method) {
		MethodDescriptor<Q, R> descriptor = method.getMethodDescriptor();
		of(descriptor);
		MethodDescriptor<Object, R> deferring = descriptor
			.toBuilder((MethodDescriptor.Marshaller<Object>) new DeferringMarshaller(descriptor.getRequestMarshaller()),
					descriptor.getResponseMarshaller())
			.build();
		ServerCallHandler<Q, R> handler = method.getServerCallHandler();
		return ServerMethodDefinition.create(deferring, (ServerCallHandler<Object, R>) new GuardedHandler<>(handler));
	}

	/** The methods with their settings, by name. */
	List<ServedMethod> served() {
		return this.plans.values()
			.stream()
			.map((plan) -> new ServedMethod(plan.descriptor(), plan.settings(), plan.threads().isVirtual()))
			.sorted(Comparator.comparing((method) -> method.descriptor().getFullMethodName()))
			.toList();
	}

}
