package io.strand.grpc.client;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.NoSuchBeanDefinitionException;
import org.springframework.beans.factory.config.DependencyDescriptor;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.core.MethodParameter;
import org.springframework.core.annotation.AnnotationUtils;

/**
 * The stubs that the application or a test declares as beans of its own, which take the
 * place of those that Strand would provide. One that is qualified by {@link GrpcClient}
 * takes the place of the stub on that channel only, unless it is primary. Thread-safe.
 */
final class ApplicationStubs {

	private final DefaultListableBeanFactory beans;

	ApplicationStubs(DefaultListableBeanFactory beans) {
		this.beans = beans;
	}

	/**
	 * Finds the beans that suit an injection point.
	 * @param request what it asks for
	 * @param descriptor the injection point
	 * @param channel the channel of the stub that it would get from Strand, or
	 * {@code null} if none; asked for only if a bean is qualified
	 * @return what was found
	 */
	Found find(StubRequest request, DependencyDescriptor descriptor, Supplier<@Nullable String> channel) {
		DependencyDescriptor element = element(request, descriptor);
		List<String> candidates = Arrays
			.stream(BeanFactoryUtils.beanNamesForTypeIncludingAncestors(this.beans, request.stub().stubClass(), true,
					descriptor.isEager()))
			.filter((name) -> this.beans.isAutowireCandidate(name, element))
			.toList();
		List<String> suiting = candidates.stream()
			.filter((name) -> suits(name, definition(name), request, descriptor, channel))
			.toList();
		boolean others = suiting.size() < candidates.size();
		return new Found(suiting.isEmpty(),
				(others && suiting.size() == 1) ? this.beans.getBean(suiting.get(0)) : null);
	}

	/**
	 * What the container compares single beans with: for a collection, its elements.
	 */
	private static DependencyDescriptor element(StubRequest request, DependencyDescriptor descriptor) {
		if (request.shape() == StubRequest.Shape.ONE) {
			return descriptor;
		}
		DependencyDescriptor element = new DependencyDescriptor(descriptor);
		element.increaseNestingLevel();
		return element;
	}

	private boolean suits(String name, @Nullable RootBeanDefinition definition, StubRequest request,
			DependencyDescriptor descriptor, Supplier<@Nullable String> channel) {
		if (request.shape() != StubRequest.Shape.ONE) {
			return true;
		}
		if (definition != null && isMadeBy(definition, descriptor)) {
			return false;
		}
		if (request.channel() != null || (definition != null && definition.isPrimary())) {
			return true;
		}
		String qualifier = qualifier(name, definition);
		if (qualifier == null) {
			return true;
		}
		String selected = channel.get();
		return selected == null || selected.equals(qualifier);
	}

	/**
	 * Whether a bean is made by the very method that asks for the stub, in order to
	 * change it.
	 */
	private static boolean isMadeBy(RootBeanDefinition definition, DependencyDescriptor descriptor) {
		MethodParameter parameter = descriptor.getMethodParameter();
		Method method = (parameter != null) ? parameter.getMethod() : null;
		return method != null && method.equals(definition.getResolvedFactoryMethod());
	}

	/**
	 * The channel that a bean is for: said on its class or {@code @Bean} method, or on
	 * the field of a test that it stands in for.
	 */
	private @Nullable String qualifier(String name, @Nullable RootBeanDefinition definition) {
		AnnotatedElement element = (definition != null) ? definition.getQualifiedElement() : null;
		GrpcClient annotation = (element != null) ? AnnotationUtils.getAnnotation(element, GrpcClient.class) : null;
		if (annotation == null) {
			annotation = this.beans.findAnnotationOnBean(name, GrpcClient.class, false);
		}
		return (annotation != null) ? annotation.value() : null;
	}

	private @Nullable RootBeanDefinition definition(String name) {
		try {
			return (this.beans.getMergedBeanDefinition(name) instanceof RootBeanDefinition root) ? root : null;
		}
		catch (NoSuchBeanDefinitionException ex) {
			return null; // a singleton that was registered as it is
		}
	}

	/**
	 * What the application has for an injection point.
	 *
	 * @param nothing whether there is nothing, and Strand's own stub is to be injected
	 * @param only the one bean that suits, if the container would find others beside it;
	 * {@code null} to leave the choice to the container
	 */
	record Found(boolean nothing, @Nullable Object only) {

	}

}
