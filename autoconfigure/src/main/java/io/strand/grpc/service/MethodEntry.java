package io.strand.grpc.service;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import org.springframework.aop.support.AopUtils;
import org.springframework.core.ResolvableType;
import org.springframework.util.ClassUtils;

/**
 * Where a method is entered on the bean, so that the advice of a proxy runs:
 * transactions, security and all else would be left out silently where the proxy does not
 * see the call.
 */
final class MethodEntry {

	private MethodEntry() {
	}

	/**
	 * Why the bean cannot be called at a method.
	 * @param method a method of its class, neither private nor static
	 * @param bean the bean or its proxy
	 * @return what is wrong, or {@code null} if it can
	 */
	static @Nullable String obstacle(BeanMethod method, Object bean) {
		if (AopUtils.isJdkDynamicProxy(bean)) {
			return (onInterface(method, bean) != null) ? null
					: ("%s is in no interface of the bean's proxy (%s). Add it to one, or let the class be proxied "
							+ "(proxyTargetClass = true).")
						.formatted(method,
								ClassUtils.getAllInterfacesForClassAsSet(method.type())
									.stream()
									.map(Class::getSimpleName)
									.collect(Collectors.joining(", ")));
		}
		if (!AopUtils.isCglibProxy(bean)) {
			return null;
		}
		if (Modifier.isFinal(method.modifiers())) {
			return "%s is final, and the bean has a proxy that must override it. Remove 'final'.".formatted(method);
		}
		return isOverridable(method.method(), bean.getClass()) ? null
				: ("%s is package-private, and the bean has a proxy in another package or class loader that must "
						+ "override it. Make it protected or public.")
					.formatted(method);
	}

	private static boolean isOverridable(Method method, Class<?> proxy) {
		Class<?> declaring = method.getDeclaringClass();
		return Modifier.isPublic(method.getModifiers()) || Modifier.isProtected(method.getModifiers())
				|| (declaring.getPackageName().equals(proxy.getPackageName())
						&& declaring.getClassLoader() == proxy.getClassLoader());
	}

	/**
	 * The method to call on the bean.
	 * @param method a method of its class without an obstacle
	 * @param bean the bean or its proxy
	 * @return the method, or that of the interface by which a proxy knows it
	 */
	static Method of(BeanMethod method, Object bean) {
		return AopUtils.isJdkDynamicProxy(bean) ? Objects.requireNonNull(onInterface(method, bean)) : method.method();
	}

	private static @Nullable Method onInterface(BeanMethod method, Object bean) {
		return Arrays.stream(ClassUtils.getAllInterfaces(bean))
			.flatMap((type) -> Arrays.stream(type.getMethods()))
			.filter((candidate) -> !Modifier.isStatic(candidate.getModifiers()) && isSame(candidate, method))
			.findFirst()
			.orElse(null);
	}

	private static boolean isSame(Method candidate, BeanMethod method) {
		if (!candidate.getName().equals(method.name())
				|| candidate.getParameterCount() != method.method().getParameterCount()) {
			return false;
		}
		for (int i = 0; i < candidate.getParameterCount(); i++) {
			ResolvableType type = ResolvableType.forMethodParameter(candidate, i, method.type());
			if (type.toClass() != method.parameterTypes().get(i).toClass()) {
				return false;
			}
		}
		return true;
	}

}
