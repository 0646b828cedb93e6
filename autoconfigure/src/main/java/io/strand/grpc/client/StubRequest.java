package io.strand.grpc.client;

import java.util.Collection;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.config.DependencyDescriptor;
import org.springframework.core.MethodParameter;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.MergedAnnotation;
import org.springframework.core.annotation.MergedAnnotations;

/**
 * What an injection point asks for, if it asks for stubs.
 *
 * @param stub the type of the stub
 * @param shape whether it asks for one stub or for all of the type
 * @param channel the channel it names by {@link GrpcClient}, if it does
 * @param injectionPoint the injection point in words
 */
record StubRequest(StubType stub, Shape shape, @Nullable String channel, String injectionPoint) {

	enum Shape {

		ONE, COLLECTION, MAP

	}

	static @Nullable StubRequest of(DependencyDescriptor descriptor) {
		// Resolved, not declared: the type may be a variable of a generic base class
		ResolvableType type = descriptor.getResolvableType();
		Class<?> raw = type.resolve(descriptor.getDependencyType());
		Shape shape = Shape.ONE;
		Class<?> element = raw;
		if (raw.isArray()) {
			shape = Shape.COLLECTION;
			element = type.getComponentType().resolve(raw.getComponentType());
		}
		else if (raw.isInterface() && Collection.class.isAssignableFrom(raw)) {
			shape = Shape.COLLECTION;
			element = type.asCollection().resolveGeneric(0);
		}
		else if (raw == Map.class && type.resolveGeneric(0) == String.class) {
			shape = Shape.MAP;
			element = type.resolveGeneric(1);
		}
		StubType stub = StubType.of(element);
		return (stub != null) ? new StubRequest(stub, shape, channel(descriptor), describe(descriptor)) : null;
	}

	private static @Nullable String channel(DependencyDescriptor descriptor) {
		String channel = channel(MergedAnnotations.from(descriptor.getAnnotations()));
		MethodParameter parameter = descriptor.getMethodParameter();
		if (channel == null && parameter != null
				&& (parameter.getMethod() == null || parameter.getMethod().getReturnType() == void.class)) {
			// As for any qualifier: one on a constructor or setter goes for its
			// parameters
			channel = channel(MergedAnnotations.from(parameter.getMethodAnnotations()));
		}
		return channel;
	}

	private static @Nullable String channel(MergedAnnotations annotations) {
		MergedAnnotation<GrpcClient> annotation = annotations.get(GrpcClient.class);
		return annotation.isPresent() ? annotation.getString(MergedAnnotation.VALUE) : null;
	}

	private static String describe(DependencyDescriptor descriptor) {
		if (descriptor.getField() != null) {
			return "Field '%s' of %s".formatted(descriptor.getField().getName(),
					descriptor.getField().getDeclaringClass().getName());
		}
		MethodParameter parameter = descriptor.getMethodParameter();
		if (parameter == null) {
			return "A dependency";
		}
		String owner = parameter.getDeclaringClass().getName();
		return (parameter.getMethod() != null)
				? "Parameter %d of method %s in %s".formatted(parameter.getParameterIndex(),
						parameter.getMethod().getName(), owner)
				: "Parameter %d of constructor in %s".formatted(parameter.getParameterIndex(), owner);
	}

}
