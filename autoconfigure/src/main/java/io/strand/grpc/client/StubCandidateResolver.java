package io.strand.grpc.client;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.config.BeanDefinitionHolder;
import org.springframework.beans.factory.config.DependencyDescriptor;
import org.springframework.beans.factory.support.AutowireCandidateQualifier;
import org.springframework.beans.factory.support.AutowireCandidateResolver;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;

/**
 * Makes stubs injectable. The container asks this resolver at every injection; where the
 * injection point asks for a generated stub that no bean of the application provides, the
 * resolver registers the definition of one on the right channel, and leaves the rest to
 * the container: the stub is then a singleton bean like any other. Nothing is scanned,
 * and stubs that nobody asks for are not made.
 *
 * <p>
 * The bean of a stub is a candidate only where its channel is the one the injection point
 * selects, so stubs of one type on several channels do not get into each other's way, and
 * never where a bean of the application suits.
 *
 * <p>
 * This class is thread-safe.
 */
public final class StubCandidateResolver implements AutowireCandidateResolver {

	private static final Log logger = LogFactory.getLog(StubCandidateResolver.class);

	private final AutowireCandidateResolver delegate;

	private final DefaultListableBeanFactory beans;

	private final Supplier<GrpcChannels> channels;

	/** The channels of the stub beans that were registered here, by bean name. */
	private final Map<String, String> channelsByBeanName = new ConcurrentHashMap<>();

	/** Held while a definition is registered. */
	private final ReentrantLock registration = new ReentrantLock();

	private StubCandidateResolver(AutowireCandidateResolver delegate, DefaultListableBeanFactory beans,
			Supplier<GrpcChannels> channels) {
		this.delegate = delegate;
		this.beans = beans;
		this.channels = channels;
	}

	/**
	 * Puts a new resolver in front of a bean factory's own.
	 * @param beans the bean factory
	 * @param channels the channels; asked for when the first stub is
	 */
	public static void install(DefaultListableBeanFactory beans, Supplier<GrpcChannels> channels) {
		beans.setAutowireCandidateResolver(
				new StubCandidateResolver(beans.getAutowireCandidateResolver(), beans, channels));
	}

	@Override
	public @Nullable Object getSuggestedValue(DependencyDescriptor descriptor) {
		Object value = this.delegate.getSuggestedValue(descriptor);
		if (value != null) {
			return value;
		}
		StubRequest request = StubRequest.of(descriptor);
		if (request == null || isProvidedByApplication(request.stub(), descriptor)) {
			return null;
		}
		return switch (request.shape()) {
			case ONE -> {
				String channel = select(request, descriptor);
				if (channel != null) {
					register(request, channel);
				}
				yield null; // what the container now finds by itself
			}
			case COLLECTION -> new ArrayList<>(all(request, descriptor).values());
			case MAP -> all(request, descriptor);
		};
	}

	private @Nullable String select(StubRequest request, DependencyDescriptor descriptor) {
		ChannelSelector selector = selector();
		String channel = selector.select(request.stub(), request.channel(), request.injectionPoint());
		if (channel == null && this.delegate.isRequired(descriptor)) {
			throw selector.noChannel(request.stub(), request.injectionPoint());
		}
		return channel;
	}

	/**
	 * Stubs on every channel that lists the service, or on the one that would be selected
	 * for a single stub.
	 */
	private Map<String, Object> all(StubRequest request, DependencyDescriptor descriptor) {
		List<String> names = (request.channel() != null) ? List.of()
				: selector().claiming(request.stub().protoService());
		if (names.isEmpty()) {
			String channel = select(request, descriptor);
			names = (channel != null) ? List.of(channel) : List.of();
		}
		Map<String, Object> stubs = new LinkedHashMap<>();
		for (String channel : names) {
			stubs.put(channel, this.beans.getBean(register(request, channel)));
		}
		return stubs;
	}

	private ChannelSelector selector() {
		return this.channels.get().selector();
	}

	private boolean isProvidedByApplication(StubType stub, DependencyDescriptor descriptor) {
		String[] names = BeanFactoryUtils.beanNamesForTypeIncludingAncestors(this.beans, stub.stubClass(), true,
				descriptor.isEager());
		for (String name : names) {
			if (!this.channelsByBeanName.containsKey(name) && this.beans.isAutowireCandidate(name, descriptor)) {
				return true;
			}
		}
		return false;
	}

	private String register(StubRequest request, String channel) {
		StubType stub = request.stub();
		String name = channel + "/" + stub.stubClass().getCanonicalName();
		this.registration.lock();
		try {
			if (!this.beans.containsBeanDefinition(name)) {
				RootBeanDefinition definition = new RootBeanDefinition();
				definition.setTargetType(stub.stubClass());
				definition.setInstanceSupplier(() -> stub.newStub(this.channels.get().channel(channel)));
				definition.setLazyInit(true);
				definition.addQualifier(new AutowireCandidateQualifier(GrpcClient.class, channel));
				definition.setDescription("gRPC stub on channel '%s'".formatted(channel));
				this.channelsByBeanName.put(name, channel);
				this.beans.registerBeanDefinition(name, definition);
				if (channel.equals(GrpcChannels.SELF)) {
					logger.info("%s calls this application's own %s: no channel is configured for it"
						.formatted(request.injectionPoint(), stub.protoService()));
				}
			}
		}
		finally {
			this.registration.unlock();
		}
		return name;
	}

	@Override
	public boolean isAutowireCandidate(BeanDefinitionHolder holder, DependencyDescriptor descriptor) {
		if (!this.delegate.isAutowireCandidate(holder, descriptor)) {
			return false;
		}
		String channel = this.channelsByBeanName.get(holder.getBeanName());
		if (channel == null) {
			return true;
		}
		StubRequest request = StubRequest.of(descriptor);
		return request != null && !isProvidedByApplication(request.stub(), descriptor)
				&& channel.equals(selector().select(request.stub(), request.channel(), request.injectionPoint()));
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

	@Override
	public AutowireCandidateResolver cloneIfNecessary() {
		return new StubCandidateResolver(this.delegate.cloneIfNecessary(), this.beans, this.channels);
	}

}
