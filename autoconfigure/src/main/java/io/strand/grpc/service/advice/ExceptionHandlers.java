package io.strand.grpc.service.advice;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.grpc.Metadata;
import io.grpc.Status;
import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

import org.springframework.aop.support.AopUtils;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;

/**
 * The methods with {@link GrpcExceptionHandler} of one bean. Immutable.
 *
 * @param methods the methods
 */
record ExceptionHandlers(List<ExceptionHandlerMethod> methods) {

	/**
	 * Finds the methods of a bean.
	 * @param bean the bean, which may be a proxy
	 * @param problems where to add a sentence for each method that cannot be used
	 * @return the methods that can
	 */
	static ExceptionHandlers of(Object bean, List<String> problems) {
		List<ExceptionHandlerMethod> found = new ArrayList<>();
		Map<Class<?>, Method> byType = new HashMap<>();
		for (Method method : annotatedMethods(AopUtils.getTargetClass(bean))) {
			List<String> ofMethod = new ArrayList<>();
			List<Class<? extends Throwable>> types = types(method, ofMethod);
			checkReturnType(method, ofMethod);
			Method invocable = invocable(method, bean, ofMethod);
			for (Class<? extends Throwable> type : types) {
				Method other = byType.putIfAbsent(type, method);
				if (other != null) {
					ofMethod.add("is for %s, and so is its method %s: remove one of them".formatted(type.getName(),
							other.getName()));
				}
			}
			ofMethod.forEach(
					(problem) -> problems.add("%s %s.".formatted(ExceptionHandlerMethod.describe(method), problem)));
			if (ofMethod.isEmpty()) {
				found.add(new ExceptionHandlerMethod(bean, invocable, types));
			}
		}
		return new ExceptionHandlers(List.copyOf(found));
	}

	static List<Method> annotatedMethods(Class<?> type) {
		return MethodIntrospector
			.selectMethods(type,
					(Method method) -> AnnotatedElementUtils.hasAnnotation(method, GrpcExceptionHandler.class))
			.stream()
			.sorted(Comparator.comparing(Method::toString))
			.toList();
	}

	@SuppressWarnings("unchecked")
	private static List<Class<? extends Throwable>> types(Method method, List<String> problems) {
		GrpcExceptionHandler annotation = AnnotatedElementUtils.findMergedAnnotation(method,
				GrpcExceptionHandler.class);
		List<Class<? extends Throwable>> named = (annotation != null) ? List.of(annotation.value()) : List.of();
		List<Class<?>> parameters = new ArrayList<>(List.of(method.getParameterTypes()));
		parameters.remove(GrpcCall.class);
		parameters.remove(Metadata.class);
		List<Class<?>> exceptions = parameters.stream().filter(Throwable.class::isAssignableFrom).toList();
		if (exceptions.size() > 1 || exceptions.size() < parameters.size()) {
			problems.add("has parameters that Strand cannot give it: it may take the exception, the GrpcCall and the"
					+ " Metadata, each once");
		}
		else if (exceptions.isEmpty() && named.isEmpty()) {
			problems.add("does not say which exceptions it is for: name them in the annotation, or take one as a"
					+ " parameter");
		}
		else if (named.isEmpty()) {
			return List.of((Class<? extends Throwable>) exceptions.get(0));
		}
		else if (!exceptions.isEmpty()) {
			named.stream()
				.filter((type) -> !exceptions.get(0).isAssignableFrom(type))
				.forEach((type) -> problems.add("is for %s, which is no %s as its parameter asks for: widen the"
					.formatted(type.getName(), exceptions.get(0).getName()) + " parameter, or remove the type"));
		}
		return named;
	}

	private static void checkReturnType(Method method, List<String> problems) {
		Class<?> type = method.getReturnType();
		if (type != Status.class && !Throwable.class.isAssignableFrom(type)
				&& !type.getName().equals("com.google.rpc.Status")) {
			problems.add("returns %s: return io.grpc.Status, com.google.rpc.Status or a Throwable"
				.formatted(type.getName()));
		}
	}

	private static Method invocable(Method method, Object bean, List<String> problems) {
		if (Modifier.isPrivate(method.getModifiers())) {
			problems.add("is private: make it package-private");
			return method;
		}
		try {
			return AopUtils.selectInvocableMethod(method, bean.getClass());
		}
		catch (IllegalStateException ex) {
			problems.add("cannot be called on the bean's proxy, which is made of its interfaces %s: proxy the class"
				.formatted(Arrays.toString(bean.getClass().getInterfaces())) + " (proxyTargetClass)");
			return method;
		}
	}

	boolean isEmpty() {
		return this.methods.isEmpty();
	}

	/**
	 * The method that is for an exception most specifically.
	 * @param exception the exception
	 * @return the method, or {@code null} if there is none
	 */
	@Nullable ExceptionHandlerMethod find(Throwable exception) {
		ExceptionHandlerMethod best = null;
		Class<?> bestType = null;
		for (ExceptionHandlerMethod method : this.methods) {
			Class<?> type = method.match(exception);
			if (type != null && (bestType == null || bestType.isAssignableFrom(type))) {
				best = method;
				bestType = type;
			}
		}
		return best;
	}

}
