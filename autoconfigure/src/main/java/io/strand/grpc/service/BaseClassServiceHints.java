package io.strand.grpc.service;

import org.jspecify.annotations.Nullable;

import org.springframework.aot.hint.ExecutableMode;
import org.springframework.aot.hint.ReflectionHints;
import org.springframework.beans.factory.aot.BeanRegistrationAotContribution;
import org.springframework.beans.factory.aot.BeanRegistrationAotProcessor;
import org.springframework.beans.factory.support.RegisteredBean;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Tells native images how a service with a generated base class is bound where it has a
 * proxy that is made of interfaces.
 */
class BaseClassServiceHints implements BeanRegistrationAotProcessor {

	@Override
	public @Nullable BeanRegistrationAotContribution processAheadOfTime(RegisteredBean registeredBean) {
		BaseClassService service = BaseClassService.of(ClassUtils.getUserClass(registeredBean.getBeanClass()));
		return (service == null) ? null : (context, code) -> register(service, context.getRuntimeHints().reflection());
	}

	private static void register(BaseClassService service, ReflectionHints hints) {
		service.binders().forEach((method) -> hints.registerMethod(method, ExecutableMode.INVOKE));
		ReflectionUtils.doWithFields(service.generated(), hints::registerField,
				(field) -> field.getName().equals("SERVICE_NAME"));
	}

}
