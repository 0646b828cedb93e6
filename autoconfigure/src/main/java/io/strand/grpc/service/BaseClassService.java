package io.strand.grpc.service;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import org.jspecify.annotations.Nullable;

import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * A service that extends a generated base class, by which calls find its methods. Where
 * its bean has a proxy, they have to come to that, or advice such as transactions would
 * be left out silently.
 */
public final class BaseClassService {

	private final Class<?> type;

	private final Class<?> base;

	private BaseClassService(Class<?> type, Class<?> base) {
		this.type = type;
		this.base = base;
	}

	/**
	 * Looks at the class of a service.
	 * @param type the class of the bean, not that of its proxy
	 * @return the service, or {@code null} if it has no generated base class
	 */
	public static @Nullable BaseClassService of(Class<?> type) {
		Class<?> base = BindableService.class.isAssignableFrom(type) ? ProtoServiceName.generatedSuperclass(type)
				: null;
		return (base != null) ? new BaseClassService(type, base) : null;
	}

	/**
	 * Binds a proxy that is made of interfaces. What its own {@code bindService()} binds
	 * is the bean behind it.
	 * @param proxy the proxy
	 * @return the service, whose calls come to the proxy; {@code null} if the proxy does
	 * not know the methods
	 */
	public @Nullable ServerServiceDefinition bind(BindableService proxy) {
		return binders().filter((method) -> method.getParameterTypes()[0].isInstance(proxy))
			.findFirst()
			.map((method) -> (ServerServiceDefinition) ReflectionUtils.invokeMethod(method, null, proxy))
			.orElse(null);
	}

	/** The class that was generated for the proto service. */
	Class<?> generated() {
		return this.base.getEnclosingClass();
	}

	/** Its methods that bind what has the interface of the handlers. */
	Stream<Method> binders() {
		return Arrays.stream(generated().getMethods())
			.filter((method) -> method.getName().equals("bindService") && Modifier.isStatic(method.getModifiers())
					&& method.getParameterCount() == 1 && method.getReturnType() == ServerServiceDefinition.class);
	}

	/**
	 * The handlers that no subclass can override, as a proxy of the class must.
	 * @return the names of methods, sorted
	 */
	public List<String> finalHandlers() {
		return Arrays.stream(ReflectionUtils.getUniqueDeclaredMethods(this.type, ReflectionUtils.USER_DECLARED_METHODS))
			.filter((method) -> Modifier.isFinal(method.getModifiers()) && isHandler(method))
			.map(Method::getName)
			.sorted()
			.toList();
	}

	private boolean isHandler(Method method) {
		return !method.getDeclaringClass().isAssignableFrom(this.base)
				&& ClassUtils.hasMethod(this.base, method.getName(), method.getParameterTypes());
	}

}
