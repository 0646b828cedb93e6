package io.strand.grpc.server;

import java.util.Set;

import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;

/**
 * Refuses services of scopes in which no call would find an instance, or all calls the
 * same. Those that calls can reach are reached through a scoped proxy.
 */
class ServiceScopes {

	/** Named as in {@code WebApplicationContext}, which need not be there. */
	private static final Set<String> OF_THE_WEB = Set.of("request", "session");

	private final ConfigurableListableBeanFactory beans;

	ServiceScopes(ConfigurableListableBeanFactory beans) {
		this.beans = beans;
	}

	/**
	 * Checks the scope of a service.
	 * @param beanName the name of the bean, or of its scoped proxy
	 * @param origin where it comes from, for the message
	 * @throws InvalidGrpcServiceException if calls cannot use it
	 */
	void check(String beanName, String origin) {
		String target = ScopedProxyUtils.getTargetBeanName(beanName);
		boolean proxied = this.beans.containsBeanDefinition(target);
		if (!proxied && !this.beans.containsBeanDefinition(beanName)) {
			return;
		}
		BeanDefinition definition = this.beans.getMergedBeanDefinition(proxied ? target : beanName);
		String scope = definition.getScope();
		if (definition.isSingleton() || scope == null) {
			return;
		}
		String service = "Bean '%s' (%s) is a gRPC service of scope '%s'".formatted(beanName, origin, scope);
		if (OF_THE_WEB.contains(scope)) {
			throw new InvalidGrpcServiceException(service + ", and no call belongs to a web request.",
					"Mark it @GrpcCallScope for an instance per call, or let it be a singleton.");
		}
		if (!ConfigurableBeanFactory.SCOPE_PROTOTYPE.equals(scope) && this.beans.getRegisteredScope(scope) == null) {
			throw new InvalidGrpcServiceException(service + ", which this application does not have.",
					"Register that scope, mark the bean @GrpcCallScope for an instance per call, or let it be a singleton.");
		}
		if (!proxied) {
			throw new InvalidGrpcServiceException(service + " without a proxy that finds the instance of each call.",
					"Add 'proxyMode = ScopedProxyMode.TARGET_CLASS' to its scope, or let it be a singleton.");
		}
	}

}
