package io.strand.grpc.autoconfigure.client;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import io.grpc.stub.AbstractStub;
import io.strand.grpc.service.NearestName;
import io.strand.grpc.service.ProtoServiceName;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Warns of settings of methods that nothing calls, most likely because their name is
 * misspelt. What is known at the start are the stubs and services that are beans by then,
 * by their generated classes; a stub that is asked for later is not known, so this is no
 * error.
 */
class MethodNamesCheck implements SmartInitializingSingleton {

	private static final Log logger = LogFactory.getLog(MethodNamesCheck.class);

	private final GrpcClientProperties properties;

	private final ListableBeanFactory beans;

	MethodNamesCheck(GrpcClientProperties properties, ListableBeanFactory beans) {
		this.properties = properties;
		this.beans = beans;
	}

	@Override
	public void afterSingletonsInstantiated() {
		if (this.properties.getChannels().values().stream().allMatch((channel) -> channel.getMethods().isEmpty())) {
			return;
		}
		Map<String, Set<String>> known = new TreeMap<>();
		for (Class<?> type : new Class<?>[] { AbstractStub.class, BindableService.class }) {
			for (String bean : this.beans.getBeanNamesForType(type, true, false)) {
				addService(known, this.beans.getType(bean, false));
			}
		}
		this.properties.getChannels()
			.forEach((channel, settings) -> settings.getMethods()
				.keySet()
				.forEach((entry) -> check("%s%s.methods[%s]".formatted(ChannelSettingsMapper.PREFIX, channel, entry),
						entry, known)));
	}

	/**
	 * A service whose methods cannot be read, as in a native image, has none here.
	 */
	private static void addService(Map<String, Set<String>> known, @Nullable Class<?> type) {
		for (Class<?> current = type; current != null; current = current.getSuperclass()) {
			Class<?> generated = current.getEnclosingClass();
			String service = (generated != null) ? ProtoServiceName.declaredBy(generated) : null;
			if (service != null) {
				Set<String> methods = new TreeSet<>();
				descriptor(generated).stream()
					.flatMap((descriptor) -> descriptor.getMethods().stream())
					.map(MethodDescriptor::getFullMethodName)
					.forEach(methods::add);
				known.put(service, methods);
				return;
			}
		}
	}

	private static Collection<ServiceDescriptor> descriptor(@Nullable Class<?> generated) {
		try {
			return (generated != null)
					&& generated.getMethod("getServiceDescriptor").invoke(null) instanceof ServiceDescriptor descriptor
							? Set.of(descriptor) : Set.of();
		}
		catch (ReflectiveOperationException ex) {
			return Set.of();
		}
	}

	private void check(String property, String entry, Map<String, Set<String>> known) {
		int slash = entry.indexOf('/');
		String service = (slash < 0) ? entry : entry.substring(0, slash);
		Set<String> methods = known.get(service);
		if (methods != null && (slash < 0 || methods.isEmpty() || methods.contains(entry))) {
			return;
		}
		if (methods != null) {
			logger.warn("%s has no effect: the service has no such method.%s".formatted(property,
					suggestion(entry, methods, methods)));
		}
		else if (!known.isEmpty() && !isListed(service)) {
			Set<String> names = new TreeSet<>((slash < 0) ? known.keySet() : Set.of());
			known.values().forEach(names::addAll);
			logger.warn("%s has no effect so far: no stub and no service of this application knows the service '%s'.%s"
				.formatted(property, service, suggestion(entry, names, known.keySet())));
		}
	}

	/**
	 * Whether a channel is set up for a service, whose stubs may then be no beans.
	 */
	private boolean isListed(String service) {
		return this.properties.getChannels()
			.entrySet()
			.stream()
			.anyMatch((channel) -> channel.getKey().equals(service)
					|| channel.getValue().getServices().contains(service));
	}

	private static String suggestion(String entry, Collection<String> names, Collection<String> otherwise) {
		String nearest = NearestName.of(entry, names);
		return (nearest != null) ? " Did you mean '%s'?".formatted(nearest)
				: " There is: %s.".formatted(String.join(", ", otherwise));
	}

}
