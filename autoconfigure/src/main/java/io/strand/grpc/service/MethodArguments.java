package io.strand.grpc.service;

import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

import io.grpc.Metadata;
import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who provides a parameter that is no message. Thread-safe.
 */
final class MethodArguments {

	private final List<GrpcMethodArgumentResolver> resolvers = new ArrayList<>();

	MethodArguments(List<GrpcMethodArgumentResolver> resolvers) {
		this.resolvers.add(new OfType(Metadata.class, GrpcCall::headers));
		this.resolvers.add(new OfType(GrpcCall.class, (call) -> call));
		this.resolvers.addAll(resolvers);
	}

	@Nullable GrpcMethodArgumentResolver resolverOf(Parameter parameter) {
		return this.resolvers.stream().filter((resolver) -> resolver.supports(parameter)).findFirst().orElse(null);
	}

	private record OfType(Class<?> type, Function<GrpcCall, Object> value) implements GrpcMethodArgumentResolver {

		@Override
		public boolean supports(Parameter parameter) {
			return parameter.getType() == this.type;
		}

		@Override
		public Object resolve(GrpcCall call) {
			return this.value.apply(call);
		}

	}

}
