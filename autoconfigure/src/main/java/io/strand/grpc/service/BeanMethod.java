package io.strand.grpc.service;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import org.jspecify.annotations.Nullable;

import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ReflectionUtils;

/**
 * A method of the class of a service, inherited ones included, with type parameters
 * resolved as the class resolves them.
 *
 * @param method the method where it is declared
 * @param type the class of the service
 */
record BeanMethod(Method method, Class<?> type) {

	private static final Set<Class<?>> STREAMS = Set.of(ServerStream.class, ClientStream.class, BidiStream.class);

	/**
	 * The methods of a class; of those that override one another, the one that is called.
	 * @param type the class, not that of a proxy
	 * @return the methods
	 */
	static List<BeanMethod> allOf(Class<?> type) {
		Map<String, BeanMethod> methods = new LinkedHashMap<>();
		// Before what compilers have added can stand in for what was written
		for (Method method : ReflectionUtils.getUniqueDeclaredMethods(type, ReflectionUtils.USER_DECLARED_METHODS)) {
			BeanMethod candidate = new BeanMethod(method, type);
			// The class comes before what it inherits, such as the same with type
			// parameters
			methods.putIfAbsent(method.getName() + candidate.parameterTypes(), candidate);
		}
		return new ArrayList<>(methods.values());
	}

	String name() {
		return this.method.getName();
	}

	int modifiers() {
		return this.method.getModifiers();
	}

	/**
	 * Whether it can be called at all, as far as its modifiers go.
	 * @return {@code false} for private and static methods
	 */
	boolean isCallable() {
		return !Modifier.isPrivate(modifiers()) && !Modifier.isStatic(modifiers());
	}

	/**
	 * The rpc that its annotation names.
	 * @return the name, or {@code null} if it has no annotation
	 */
	@Nullable String annotatedName() {
		GrpcMethod annotation = AnnotatedElementUtils.findMergedAnnotation(this.method, GrpcMethod.class);
		return (annotation != null) ? annotation.value() : null;
	}

	List<ResolvableType> parameterTypes() {
		List<ResolvableType> types = new ArrayList<>();
		for (int i = 0; i < this.method.getParameterCount(); i++) {
			types.add(ResolvableType.forMethodParameter(this.method, i, this.type));
		}
		return types;
	}

	ResolvableType returnType() {
		return ResolvableType.forMethodReturnType(this.method, this.type);
	}

	/**
	 * Whether it takes or returns messages or streams of them.
	 * @param messages the classes of the messages
	 * @return whether it does
	 */
	boolean involves(Set<Class<?>> messages) {
		return Stream.concat(parameterTypes().stream(), Stream.of(returnType()))
			.anyMatch((type) -> involves(type, messages));
	}

	private static boolean involves(ResolvableType type, Set<Class<?>> messages) {
		return messages.contains(type.toClass()) || STREAMS.contains(type.toClass())
				|| Arrays.stream(type.getGenerics()).anyMatch((generic) -> involves(generic, messages));
	}

	/**
	 * Whether it takes one request, or one stream of them, as the method of an rpc does.
	 * @param requests the classes of the requests
	 * @return whether it does
	 */
	boolean takesOne(Set<Class<?>> requests) {
		return parameterTypes().stream()
			.map(ResolvableType::toClass)
			.filter((type) -> requests.contains(type) || type == ClientStream.class || type == BidiStream.class)
			.count() == 1;
	}

	/**
	 * The method as it is written in Java, without modifiers and names of parameters.
	 * @param qualified whether types are written with their packages
	 * @return the signature
	 */
	String signature(boolean qualified) {
		return "'%s %s(%s)'".formatted(TypeNames.of(returnType(), qualified), name(),
				parameterTypes().stream()
					.map((type) -> TypeNames.of(type, qualified))
					.collect(Collectors.joining(", ")));
	}

	@Override
	public String toString() {
		return signature(false);
	}

}
