package io.strand.grpc.autoconfigure;

import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.core.annotation.AnnotationAwareOrderComparator;

/**
 * Finds beans by type and annotation.
 */
public final class AnnotatedBeans {

	private static final String SCOPED_TARGET = ScopedProxyUtils.getTargetBeanName("");

	private AnnotatedBeans() {
	}

	/**
	 * The beans that carry an annotation, on their class or on their {@code @Bean}
	 * method, lowest {@code @Order} first. Creates these beans and no others.
	 * @param <T> the type
	 * @param beans where to look
	 * @param type the type the beans must have
	 * @param annotation the annotation they carry
	 * @return the beans
	 */
	public static <T> List<T> ordered(ListableBeanFactory beans, Class<T> type,
			Class<? extends Annotation> annotation) {
		List<T> found = new ArrayList<>();
		Map<Object, @Nullable Method> factoryMethods = new IdentityHashMap<>();
		for (String name : names(beans, annotation)) {
			T bean = beans.getBean(name, type);
			found.add(bean);
			factoryMethods.put(bean, factoryMethod(beans, name));
		}
		// As Spring orders what it injects: @Order on the @Bean method before the class's
		found.sort(AnnotationAwareOrderComparator.INSTANCE.withSourceProvider(factoryMethods::get));
		return found;
	}

	private static Set<String> names(ListableBeanFactory beans, Class<? extends Annotation> annotation) {
		Set<String> names = new LinkedHashSet<>();
		for (String name : beans.getBeanNamesForAnnotation(annotation)) {
			// The target of a scoped proxy is to be used through the proxy only
			names.add(ScopedProxyUtils.isScopedTarget(name) ? name.substring(SCOPED_TARGET.length()) : name);
		}
		return names;
	}

	private static @Nullable Method factoryMethod(ListableBeanFactory beans, String name) {
		String target = SCOPED_TARGET + name;
		String defined = beans.containsBeanDefinition(target) ? target : name;
		if (beans.containsBeanDefinition(defined) && beans instanceof ConfigurableBeanFactory configurable
				&& configurable.getMergedBeanDefinition(defined) instanceof RootBeanDefinition definition) {
			return definition.getResolvedFactoryMethod();
		}
		return null;
	}

}
