package io.strand.grpc.service;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.Future;
import java.util.stream.Stream;

import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import org.jspecify.annotations.Nullable;

import org.springframework.core.ResolvableType;
import org.springframework.util.ClassUtils;

/**
 * How a method takes what it is called with.
 *
 * @param messages the positions of the parameters for the request and for the stream, in
 * this order, as far as the kind of rpc has them
 * @param others by position, the resolvers of all other parameters
 * @param returnsMany whether its result is a {@link Stream} or an {@link Iterable} of
 * responses
 */
record RpcSignature(List<Integer> messages, Map<Integer, GrpcMethodArgumentResolver> others, boolean returnsMany) {

	private static final Set<String> ASYNCHRONOUS = Set.of(Future.class.getName(), CompletionStage.class.getName(),
			Flow.Publisher.class.getName(), "org.reactivestreams.Publisher", "kotlinx.coroutines.flow.Flow");

	/**
	 * Checks a method.
	 * @param method the method
	 * @param rpc what it is to answer
	 * @param arguments who provides its other parameters
	 * @param mistakes where to say what is wrong with it
	 * @return how it is called, or {@code null} if there is a mistake
	 */
	static @Nullable RpcSignature of(BeanMethod method, Rpc rpc, MethodArguments arguments, List<String> mistakes) {
		if (isAsynchronous(method.returnType().toClass())) {
			mistakes.add("%s returns before it has answered. Let it be %s: it has a thread of its own and may block."
				.formatted(method, rpc.signature(method.name(), false)));
			return null;
		}
		for (Shape shape : Shape.of(rpc)) {
			List<Integer> messages = shape.find(method.parameterTypes());
			if (messages != null && shape.isReturnType(method.returnType())) {
				int before = mistakes.size();
				Map<Integer, GrpcMethodArgumentResolver> others = others(method, messages, arguments, mistakes);
				return (mistakes.size() == before) ? new RpcSignature(messages, others, shape.returnsMany()) : null;
			}
		}
		String expected = rpc.signature(method.name(), false);
		String found = method.toString();
		boolean looksRight = expected.contains(found);
		mistakes.add("rpc %s: expected %s, found %s.".formatted(rpc.name(),
				looksRight ? rpc.signature(method.name(), true) : expected,
				looksRight ? method.signature(true) : found));
		return null;
	}

	private static boolean isAsynchronous(Class<?> type) {
		return ASYNCHRONOUS.contains(type.getName()) || ClassUtils.getAllInterfacesForClassAsSet(type)
			.stream()
			.anyMatch((implemented) -> ASYNCHRONOUS.contains(implemented.getName()));
	}

	private static Map<Integer, GrpcMethodArgumentResolver> others(BeanMethod method, List<Integer> messages,
			MethodArguments arguments, List<String> mistakes) {
		Map<Integer, GrpcMethodArgumentResolver> others = new LinkedHashMap<>();
		for (int i = 0; i < method.method().getParameterCount(); i++) {
			if (messages.contains(i)) {
				continue;
			}
			GrpcMethodArgumentResolver resolver = arguments.resolverOf(method.method().getParameters()[i]);
			if (resolver != null) {
				others.put(i, resolver);
			}
			else {
				mistakes.add(("Nothing provides parameter %d of %s. Beside its messages a method may take Metadata, "
						+ "GrpcCall, and what a GrpcMethodArgumentResolver bean supports.")
					.formatted(i + 1, method));
			}
		}
		return others;
	}

	/**
	 * A form that the method of an rpc may have.
	 *
	 * @param parameters the types of the parameters for messages
	 * @param result the type of the result, {@code void} for none
	 * @param returnsMany whether the result may be any subtype of it
	 */
	private record Shape(List<ResolvableType> parameters, ResolvableType result, boolean returnsMany) {

		static List<Shape> of(Rpc rpc) {
			ResolvableType request = ResolvableType.forClass(rpc.requestType());
			ResolvableType response = ResolvableType.forClass(rpc.responseType());
			ResolvableType nothing = ResolvableType.forClass(void.class);
			return switch (rpc.kind()) {
				case UNARY -> List.of(new Shape(List.of(request), response, false));
				case CLIENT_STREAMING ->
					List.of(new Shape(List.of(generic(ClientStream.class, request)), response, false));
				case SERVER_STREAMING ->
					List.of(new Shape(List.of(request, generic(ServerStream.class, response)), nothing, false),
							new Shape(List.of(request), generic(Stream.class, response), true),
							new Shape(List.of(request), generic(Iterable.class, response), true));
				case BIDI_STREAMING, UNKNOWN ->
					List.of(new Shape(List.of(generic(BidiStream.class, request, response)), nothing, false));
			};
		}

		private static ResolvableType generic(Class<?> type, ResolvableType... parameters) {
			return ResolvableType.forClassWithGenerics(type, parameters);
		}

		@Nullable List<Integer> find(List<ResolvableType> types) {
			List<Integer> found = new ArrayList<>();
			for (ResolvableType parameter : this.parameters) {
				int index = 0;
				while (index < types.size() && (found.contains(index) || !isSame(parameter, types.get(index)))) {
					index++;
				}
				if (index == types.size()) {
					return null;
				}
				found.add(index);
			}
			return found;
		}

		boolean isReturnType(ResolvableType type) {
			return isSame(this.result, this.returnsMany ? type.as(this.result.toClass()) : type);
		}

		/** A wildcard is what it is bounded by: messages have no subclasses. */
		private static boolean isSame(ResolvableType expected, ResolvableType found) {
			ResolvableType[] wanted = expected.getGenerics();
			return found.resolve() == expected.resolve()
					&& (!expected.hasGenerics() || Arrays.equals(classes(wanted), classes(found.getGenerics())));
		}

		private static @Nullable Class<?>[] classes(ResolvableType[] types) {
			return Arrays.stream(types).map(ResolvableType::resolve).toArray(Class<?>[]::new);
		}

	}

}
