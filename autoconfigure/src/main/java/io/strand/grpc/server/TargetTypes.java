package io.strand.grpc.server;

import java.lang.reflect.Proxy;

import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.framework.autoproxy.AutoProxyUtils;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.util.ClassUtils;

/**
 * Finds the classes of beans, behind proxies of any number.
 */
class TargetTypes {

	private final ConfigurableListableBeanFactory beans;

	TargetTypes(ConfigurableListableBeanFactory beans) {
		this.beans = beans;
	}

	/**
	 * The class that declares the methods of a bean.
	 * @param beanName the name of the bean, or of its scoped proxy
	 * @param bean the bean
	 * @return the class
	 */
	Class<?> of(String beanName, Object bean) {
		String scopedTarget = ScopedProxyUtils.getTargetBeanName(beanName);
		String target = this.beans.containsBean(scopedTarget) ? scopedTarget : beanName;
		Class<?> type = AutoProxyUtils.determineTargetClass(this.beans, target);
		if (type == null || Proxy.isProxyClass(type)) {
			type = AopProxyUtils.ultimateTargetClass(bean);
		}
		return ClassUtils.getUserClass(type);
	}

}
