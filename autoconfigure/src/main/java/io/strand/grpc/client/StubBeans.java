package io.strand.grpc.client;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

import io.grpc.stub.AbstractStub;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;

/**
 * The stubs that Strand provides: a lazy singleton bean for each type and channel that
 * was asked for. This class is thread-safe.
 */
final class StubBeans {

	private static final Log logger = LogFactory.getLog(StubBeans.class);

	private final DefaultListableBeanFactory beans;

	private final Supplier<GrpcChannels> channels;

	/** Held while a definition is registered. */
	private final ReentrantLock registration = new ReentrantLock();

	/** Names of beans whose registration is over. */
	private final Set<String> registered = ConcurrentHashMap.newKeySet();

	StubBeans(DefaultListableBeanFactory beans, Supplier<GrpcChannels> channels) {
		this.beans = beans;
		this.channels = channels;
	}

	/**
	 * The stub of a type on a channel.
	 * @param request the injection point that asks for it
	 * @param channel the name of the channel
	 * @return the same stub whenever it is asked for
	 */
	Object get(StubRequest request, String channel) {
		StubType stub = request.stub();
		String name = channel + "/" + stub.stubClass().getCanonicalName();
		if (register(name, stub, channel) && channel.equals(GrpcChannels.SELF)) {
			logger.info("%s calls this application's own %s: no other channel is configured for it"
				.formatted(request.injectionPoint(), stub.protoService()));
		}
		return this.beans.getBean(name);
	}

	/**
	 * Registers the definition of a stub unless it is there. Registering it twice would
	 * destroy the first bean, and so would using it before its registration is over: the
	 * factory first makes a definition visible, then destroys what was made without it.
	 */
	private boolean register(String name, StubType stub, String channel) {
		if (this.registered.contains(name)) {
			return false;
		}
		this.registration.lock();
		try {
			boolean missing = !this.beans.containsBeanDefinition(name);
			if (missing) {
				this.beans.registerBeanDefinition(name, definition(stub, channel));
			}
			this.registered.add(name);
			return missing;
		}
		finally {
			this.registration.unlock();
		}
	}

	private RootBeanDefinition definition(StubType stub, String channel) {
		RootBeanDefinition definition = new RootBeanDefinition();
		definition.setTargetType(stub.stubClass());
		definition
			.setInstanceSupplier(() -> customized(stub, channel, stub.newStub(this.channels.get().channel(channel))));
		definition.setLazyInit(true);
		// Whether this bean suits an injection point depends on the channel that is
		// selected there. The container does not know of that and so must not choose;
		// beans of the application, also in child contexts, never meet it as a rival
		definition.setAutowireCandidate(false);
		definition.setDescription("gRPC stub on channel '%s'".formatted(channel));
		return definition;
	}

	private Object customized(StubType type, String channel, Object made) {
		if (!(made instanceof AbstractStub<?> stub)) {
			return made;
		}
		for (GrpcStubCustomizer customizer : this.beans.getBeanProvider(GrpcStubCustomizer.class)
			.orderedStream()
			.toList()) {
			stub = customizer.customize(channel, stub);
			if (!type.stubClass().isInstance(stub)) {
				throw new IllegalStateException(
						"The GrpcStubCustomizer %s was given a %s on channel '%s' and returned %s"
							.formatted(customizer.getClass().getName(), type.displayName(), channel, stub));
			}
		}
		return stub;
	}

}
