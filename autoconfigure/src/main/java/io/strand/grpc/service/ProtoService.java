package io.strand.grpc.service;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.ReflectableMarshaller;
import io.grpc.ServiceDescriptor;
import org.jspecify.annotations.Nullable;

import org.springframework.util.ReflectionUtils;

/**
 * A proto service as the class that was generated for it describes it.
 *
 * @param descriptor the generated descriptor
 * @param rpcs its methods, in the order of the {@code .proto} file
 */
record ProtoService(ServiceDescriptor descriptor, List<Rpc> rpcs) {

	static final String DESCRIPTOR_METHOD = "getServiceDescriptor";

	/**
	 * Reads the descriptor of a generated class.
	 * @param generated the class
	 * @return the service, or {@code null} if the class was not generated for one, or for
	 * messages that do not tell their class
	 */
	static @Nullable ProtoService of(Class<?> generated) {
		Method getter = ReflectionUtils.findMethod(generated, DESCRIPTOR_METHOD);
		if (getter == null || getter.getReturnType() != ServiceDescriptor.class
				|| ProtoServiceName.declaredBy(generated) == null) {
			return null;
		}
		ReflectionUtils.makeAccessible(getter);
		return (ReflectionUtils.invokeMethod(getter, null) instanceof ServiceDescriptor descriptor) ? of(descriptor)
				: null;
	}

	private static @Nullable ProtoService of(ServiceDescriptor descriptor) {
		List<Rpc> rpcs = new ArrayList<>();
		for (MethodDescriptor<?, ?> method : descriptor.getMethods()) {
			if (method.getRequestMarshaller() instanceof ReflectableMarshaller<?> requests
					&& method.getResponseMarshaller() instanceof ReflectableMarshaller<?> responses) {
				rpcs.add(new Rpc(method, requests.getMessageClass(), responses.getMessageClass()));
			}
			else {
				return null;
			}
		}
		return new ProtoService(descriptor, List.copyOf(rpcs));
	}

	/**
	 * The full name, such as {@code shop.Stock}.
	 * @return the name
	 */
	String name() {
		return this.descriptor.getName();
	}

	Set<Class<?>> requestTypes() {
		Set<Class<?>> types = new LinkedHashSet<>();
		this.rpcs.forEach((rpc) -> types.add(rpc.requestType()));
		return types;
	}

	Set<Class<?>> messageTypes() {
		Set<Class<?>> types = requestTypes();
		this.rpcs.forEach((rpc) -> types.add(rpc.responseType()));
		return types;
	}

}
