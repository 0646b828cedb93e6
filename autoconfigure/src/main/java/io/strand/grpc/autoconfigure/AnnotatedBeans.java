package io.strand.grpc.autoconfigure;

import java.lang.annotation.Annotation;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

import org.springframework.beans.factory.ListableBeanFactory;

/**
 * Finds beans by type and annotation.
 */
public final class AnnotatedBeans {

	private AnnotatedBeans() {
	}

	/**
	 * The beans of a type that carry an annotation, on their class or on their
	 * {@code @Bean} method, lowest {@code @Order} first.
	 * @param <T> the type
	 * @param beans where to look
	 * @param type the type the beans must have
	 * @param annotation the annotation they must carry
	 * @return the beans
	 */
	public static <T> List<T> ordered(ListableBeanFactory beans, Class<T> type,
			Class<? extends Annotation> annotation) {
		Set<T> annotated = Collections.newSetFromMap(new IdentityHashMap<>());
		for (String name : beans.getBeanNamesForAnnotation(annotation)) {
			annotated.add(beans.getBean(name, type));
		}
		// The provider knows @Order on @Bean methods, which a comparator of ours would
		// not
		return beans.getBeanProvider(type).orderedStream().filter(annotated::contains).toList();
	}

}
