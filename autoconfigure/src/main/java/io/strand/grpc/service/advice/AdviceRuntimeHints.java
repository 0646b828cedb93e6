package io.strand.grpc.service.advice;

import java.lang.reflect.Method;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.aot.hint.ExecutableMode;
import org.springframework.beans.factory.aot.BeanRegistrationAotContribution;
import org.springframework.beans.factory.aot.BeanRegistrationAotProcessor;
import org.springframework.beans.factory.support.RegisteredBean;
import org.springframework.util.ClassUtils;

/**
 * Tells native images which methods with {@link GrpcExceptionHandler} are called by
 * reflection.
 */
class AdviceRuntimeHints implements BeanRegistrationAotProcessor {

	@Override
	public @Nullable BeanRegistrationAotContribution processAheadOfTime(RegisteredBean registeredBean) {
		List<Method> methods = ExceptionHandlers
			.annotatedMethods(ClassUtils.getUserClass(registeredBean.getBeanClass()));
		return methods.isEmpty() ? null : (context, code) -> methods
			.forEach((method) -> context.getRuntimeHints().reflection().registerMethod(method, ExecutableMode.INVOKE));
	}

}
