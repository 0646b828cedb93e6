package io.strand.grpc.service;

import java.lang.reflect.Method;

import org.jspecify.annotations.Nullable;

import org.springframework.aot.hint.ExecutableMode;
import org.springframework.aot.hint.ReflectionHints;
import org.springframework.beans.factory.aot.BeanRegistrationAotContribution;
import org.springframework.beans.factory.aot.BeanRegistrationAotProcessor;
import org.springframework.beans.factory.support.RegisteredBean;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Tells native images which methods of services are found by reflection: all of a class
 * that names its proto service, those of its interfaces, by which a proxy may be called,
 * and what describes the service.
 */
class PlainServiceHints implements BeanRegistrationAotProcessor {

	@Override
	public @Nullable BeanRegistrationAotContribution processAheadOfTime(RegisteredBean registeredBean) {
		GrpcService annotation = registeredBean.getBeanFactory()
			.findAnnotationOnBean(registeredBean.getBeanName(), GrpcService.class, false);
		if (annotation == null || annotation.value() == void.class) {
			return null;
		}
		Class<?> type = ClassUtils.getUserClass(registeredBean.getBeanClass());
		Class<?> generated = annotation.value();
		return (context, code) -> register(type, generated, context.getRuntimeHints().reflection());
	}

	private static void register(Class<?> type, Class<?> generated, ReflectionHints hints) {
		BeanMethod.allOf(type).forEach((method) -> hints.registerMethod(method.method(), ExecutableMode.INVOKE));
		for (Class<?> implemented : ClassUtils.getAllInterfacesForClassAsSet(type)) {
			ReflectionUtils.doWithMethods(implemented, (method) -> hints.registerMethod(method, ExecutableMode.INVOKE));
		}
		Method descriptor = ReflectionUtils.findMethod(generated, ProtoService.DESCRIPTOR_METHOD);
		if (descriptor != null) {
			hints.registerMethod(descriptor, ExecutableMode.INVOKE);
		}
		ReflectionUtils.doWithFields(generated, hints::registerField,
				(field) -> field.getName().equals("SERVICE_NAME"));
	}

}
