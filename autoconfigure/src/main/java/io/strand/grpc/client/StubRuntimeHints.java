package io.strand.grpc.client;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.aot.generate.GenerationContext;
import org.springframework.aot.hint.ExecutableMode;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.beans.factory.aot.BeanRegistrationAotContribution;
import org.springframework.beans.factory.aot.BeanRegistrationAotProcessor;
import org.springframework.beans.factory.aot.BeanRegistrationCode;
import org.springframework.beans.factory.support.RegisteredBean;
import org.springframework.core.ResolvableType;
import org.springframework.util.ReflectionUtils;

/**
 * Tells native images which stubs an application makes by reflection: those named by the
 * constructors, fields and methods of its beans. More than are injected in the end does
 * no harm.
 */
class StubRuntimeHints implements BeanRegistrationAotProcessor {

	@Override
	public @Nullable BeanRegistrationAotContribution processAheadOfTime(RegisteredBean registeredBean) {
		Set<StubType> stubs = new LinkedHashSet<>();
		Set<Type> seen = new HashSet<>();
		Class<?> beanClass = registeredBean.getBeanClass();
		for (Constructor<?> constructor : beanClass.getDeclaredConstructors()) {
			for (int i = 0; i < constructor.getParameterCount(); i++) {
				add(stubs, seen, ResolvableType.forConstructorParameter(constructor, i, beanClass));
			}
		}
		ReflectionUtils.doWithFields(beanClass, (field) -> add(stubs, seen, ResolvableType.forField(field, beanClass)));
		ReflectionUtils.doWithMethods(beanClass, (method) -> {
			for (int i = 0; i < method.getParameterCount(); i++) {
				add(stubs, seen, ResolvableType.forMethodParameter(method, i, beanClass));
			}
		});
		return stubs.isEmpty() ? null : (context, code) -> contribute(stubs, context);
	}

	private static void add(Set<StubType> stubs, Set<Type> seen, ResolvableType type) {
		// Some contain themselves, such as T extends Comparable<T>
		if (!seen.add(type.getType())) {
			return;
		}
		StubType stub = StubType.of(type.resolve());
		if (stub != null) {
			stubs.add(stub);
		}
		if (type.isArray()) {
			add(stubs, seen, type.getComponentType());
		}
		for (ResolvableType generic : type.getGenerics()) {
			add(stubs, seen, generic);
		}
	}

	private static void contribute(Set<StubType> stubs, GenerationContext context) {
		stubs.forEach((stub) -> register(stub, context.getRuntimeHints()));
	}

	static void register(StubType stub, RuntimeHints hints) {
		Class<?> generated = stub.stubClass().getEnclosingClass();
		Field serviceName = (generated != null) ? ReflectionUtils.findField(generated, "SERVICE_NAME") : null;
		if (serviceName != null) {
			hints.reflection().registerField(serviceName);
		}
		Method factory = stub.factoryMethod();
		try {
			hints.reflection().registerType(stub.stubClass());
			if (factory != null) {
				hints.reflection().registerMethod(factory, ExecutableMode.INVOKE);
			}
			else {
				hints.reflection().registerConstructor(stub.constructor(), ExecutableMode.INVOKE);
			}
		}
		catch (NoSuchMethodException ex) {
			// said by newStub when the stub is made
		}
	}

}
