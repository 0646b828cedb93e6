package io.strand.grpc.security;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.stream.Stream;

import io.grpc.BindableService;
import io.strand.grpc.service.BaseClassService;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.aop.support.AopUtils;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.annotation.MergedAnnotations.SearchStrategy;
import org.springframework.util.ReflectionUtils;

/**
 * Finds annotations of Spring Security on services that have no effect, which would let
 * everybody in without a word: Spring's proxies pass them over, or there is no proxy.
 */
final class AnnotatedHandlers {

	private static final Log logger = LogFactory.getLog(GrpcSecurityCheck.class);

	/**
	 * Looks at a service.
	 * @param beanName the name of its bean
	 * @param bean the bean, which may be a proxy
	 * @throws InvalidGrpcSecurityException if its proxy passes over an annotation
	 */
	void check(String beanName, Object bean) {
		Class<?> type = AopUtils.getTargetClass(bean);
		List<Method> annotated = Stream
			.of(ReflectionUtils.getUniqueDeclaredMethods(type, ReflectionUtils.USER_DECLARED_METHODS))
			.filter((method) -> isAnnotated(method) || isAnnotated(method.getDeclaringClass()))
			.toList();
		if (annotated.isEmpty()) {
			return;
		}
		String first = type.getSimpleName() + "." + annotated.get(0).getName();
		if (!AopUtils.isAopProxy(bean)) {
			logger.warn(
					("Annotations of Spring Security on bean '%s', such as that for %s, may have no effect: the bean has no"
							+ " proxy. Is @EnableMethodSecurity missing?")
						.formatted(beanName, first));
		}
		else if (AopUtils.isJdkDynamicProxy(bean) && bean instanceof BindableService
				&& BaseClassService.of(type) == null) {
			// What it binds is itself, not its proxy
			throw new InvalidGrpcSecurityException(
					"Annotations such as that for %s have no effect on calls: the proxy of bean '%s' has the interfaces of the class, not its methods."
						.formatted(first, beanName),
					"Remove spring.aop.proxy-target-class=false, or set proxyTargetClass = true on @EnableMethodSecurity.");
		}
		else if (AopUtils.isCglibProxy(bean)) {
			refuseFinal(beanName, type, annotated);
		}
	}

	private static void refuseFinal(String beanName, Class<?> type, List<Method> annotated) {
		for (Method method : annotated) {
			if (Modifier.isFinal(method.getModifiers())) {
				throw new InvalidGrpcSecurityException(
						"The annotation for %s.%s has no effect: the method is final, and the proxy of bean '%s' passes it over."
							.formatted(type.getSimpleName(), method.getName(), beanName),
						"Let it not be final.");
			}
		}
	}

	private static boolean isAnnotated(AnnotatedElement element) {
		return MergedAnnotations.from(element, SearchStrategy.TYPE_HIERARCHY)
			.stream()
			.map((annotation) -> annotation.getType().getName())
			.anyMatch((name) -> name.startsWith("org.springframework.security.access.")
					|| name.startsWith("jakarta.annotation.security."));
	}

}
