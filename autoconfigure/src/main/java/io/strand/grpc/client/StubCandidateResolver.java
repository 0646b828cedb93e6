package io.strand.grpc.client;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.BeansException;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.beans.factory.config.BeanDefinitionHolder;
import org.springframework.beans.factory.config.DependencyDescriptor;
import org.springframework.beans.factory.support.AutowireCandidateResolver;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;

/**
 * Makes stubs injectable. The container asks this resolver at every injection; where the
 * injection point asks for a generated stub that no bean of the application provides, the
 * resolver answers with the bean of one on the right channel, whose definition it
 * registers at that moment. Nothing is scanned, and stubs that nobody asks for are not
 * made. Everything else is left to the resolver that was there before.
 *
 * <p>
 * This class is thread-safe.
 */
public final class StubCandidateResolver implements AutowireCandidateResolver, BeanFactoryAware {

	private final AutowireCandidateResolver delegate;

	private final Supplier<GrpcChannels> channels;

	private final StubBeans stubs;

	private final ApplicationStubs applicationStubs;

	private StubCandidateResolver(AutowireCandidateResolver delegate, Supplier<GrpcChannels> channels, StubBeans stubs,
			ApplicationStubs applicationStubs) {
		this.delegate = delegate;
		this.channels = channels;
		this.stubs = stubs;
		this.applicationStubs = applicationStubs;
	}

	/**
	 * Puts a new resolver in front of a bean factory's own.
	 * @param beans the bean factory
	 * @param channels the channels; asked for when the first stub is
	 */
	public static void install(DefaultListableBeanFactory beans, Supplier<GrpcChannels> channels) {
		beans.setAutowireCandidateResolver(new StubCandidateResolver(beans.getAutowireCandidateResolver(), channels,
				new StubBeans(beans, channels), new ApplicationStubs(beans)));
	}

	@Override
	public @Nullable Object getSuggestedValue(DependencyDescriptor descriptor) {
		Object value = this.delegate.getSuggestedValue(descriptor);
		if (value != null) {
			return value;
		}
		StubRequest request = StubRequest.of(descriptor);
		if (request == null || (request.channel() == null && hasQualifier(descriptor))) {
			return null;
		}
		ApplicationStubs.Found own = this.applicationStubs.find(request, descriptor, () -> select(request));
		return own.nothing() ? provide(request, descriptor) : own.only();
	}

	private @Nullable Object provide(StubRequest request, DependencyDescriptor descriptor) {
		Map<String, Object> stubs = stubs(request, descriptor);
		if (stubs.isEmpty()) {
			return null; // nothing, which is not an empty collection
		}
		// The container makes an array or a set of the list
		return switch (request.shape()) {
			case ONE -> stubs.values().iterator().next();
			case COLLECTION -> new ArrayList<>(stubs.values());
			case MAP -> stubs;
		};
	}

	/**
	 * One stub, or where all are asked for, one for each channel that lists the service.
	 */
	private Map<String, Object> stubs(StubRequest request, DependencyDescriptor descriptor) {
		List<String> channels = List.of();
		if (request.shape() != StubRequest.Shape.ONE && request.channel() == null) {
			channels = selector().claiming(request.stub().protoService());
		}
		if (channels.isEmpty()) {
			String channel = selectIfRequired(request, descriptor);
			channels = (channel != null) ? List.of(channel) : List.of();
		}
		Map<String, Object> stubs = new LinkedHashMap<>();
		channels.forEach((channel) -> stubs.put(channel, this.stubs.get(request, channel)));
		return stubs;
	}

	private @Nullable String select(StubRequest request) {
		return selector().select(request.stub(), request.channel(), request.injectionPoint());
	}

	private @Nullable String selectIfRequired(StubRequest request, DependencyDescriptor descriptor) {
		String channel = select(request);
		if (channel == null && isRequired(descriptor)) {
			throw selector().noChannel(request.stub(), request.injectionPoint());
		}
		return channel;
	}

	private ChannelSelector selector() {
		return this.channels.get().selector();
	}

	@Override
	public @Nullable Object getLazyResolutionProxyIfNecessary(DependencyDescriptor descriptor,
			@Nullable String beanName) {
		// Generated stubs are final, so @Lazy cannot proxy them, and need not: the first
		// call connects
		return (StubRequest.of(descriptor) != null) ? null
				: this.delegate.getLazyResolutionProxyIfNecessary(descriptor, beanName);
	}

	@Override
	public @Nullable Class<?> getLazyResolutionProxyClass(DependencyDescriptor descriptor, @Nullable String beanName) {
		return (StubRequest.of(descriptor) != null) ? null
				: this.delegate.getLazyResolutionProxyClass(descriptor, beanName);
	}

	@Override
	public boolean isAutowireCandidate(BeanDefinitionHolder holder, DependencyDescriptor descriptor) {
		return this.delegate.isAutowireCandidate(holder, descriptor);
	}

	@Override
	public boolean isRequired(DependencyDescriptor descriptor) {
		return this.delegate.isRequired(descriptor);
	}

	@Override
	public boolean hasQualifier(DependencyDescriptor descriptor) {
		return this.delegate.hasQualifier(descriptor);
	}

	@Override
	public @Nullable String getSuggestedName(DependencyDescriptor descriptor) {
		return this.delegate.getSuggestedName(descriptor);
	}

	/**
	 * A resolver for a bean factory that is configured like this one and has it as its
	 * parent. Its stubs are beans of this one.
	 */
	@Override
	public AutowireCandidateResolver cloneIfNecessary() {
		return new StubCandidateResolver(this.delegate.cloneIfNecessary(), this.channels, this.stubs,
				this.applicationStubs);
	}

	@Override
	public void setBeanFactory(BeanFactory beanFactory) throws BeansException {
		if (this.delegate instanceof BeanFactoryAware aware) {
			aware.setBeanFactory(beanFactory);
		}
	}

}
