package io.strand.grpc.server;

import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.strand.grpc.service.BaseClassService;

import org.springframework.aop.support.AopUtils;

/**
 * Binds beans that bind themselves, but so that calls come to their proxies.
 */
class BaseClassServices {

	private final TargetTypes types;

	BaseClassServices(TargetTypes types) {
		this.types = types;
	}

	/**
	 * Makes a service.
	 * @param beanName the name of the bean
	 * @param bean the bean
	 * @return the service
	 * @throws InvalidGrpcServiceException if a proxy does not know the handlers
	 */
	ServerServiceDefinition bind(String beanName, BindableService bean) {
		Class<?> type = this.types.of(beanName, bean);
		BaseClassService service = AopUtils.isJdkDynamicProxy(bean) ? BaseClassService.of(type) : null;
		if (service == null) {
			return bean.bindService();
		}
		ServerServiceDefinition definition = service.bind(bean);
		if (definition == null) {
			throw new InvalidGrpcServiceException(
					("The proxy of bean '%s' (%s) does not know the methods of the generated base class, so its advice "
							+ "would see no call.")
						.formatted(beanName, type.getName()),
					"Let the class be proxied (proxyTargetClass = true), or the proxy have all interfaces of the class.");
		}
		return definition;
	}

	/**
	 * Looks for handlers that a proxy would pass over: they would run in the proxy
	 * itself, which has no state.
	 * @param beanName the name of the bean
	 * @param bean the bean
	 * @throws InvalidGrpcServiceException if there are any
	 */
	void refuseFinalHandlers(String beanName, Object bean) {
		Class<?> type = this.types.of(beanName, bean);
		BaseClassService service = AopUtils.isCglibProxy(bean) ? BaseClassService.of(type) : null;
		if (service != null && !service.finalHandlers().isEmpty()) {
			throw new InvalidGrpcServiceException(
					"Handlers of bean '%s' (%s) are final, and its proxy must override them: %s.".formatted(beanName,
							type.getName(), String.join(", ", service.finalHandlers())),
					"Remove 'final'.");
		}
	}

}
