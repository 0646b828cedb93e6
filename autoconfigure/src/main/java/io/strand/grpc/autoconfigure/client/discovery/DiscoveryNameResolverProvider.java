package io.strand.grpc.autoconfigure.client.discovery;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.strand.grpc.client.resolve.LookupNameResolver;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.discovery.event.HeartbeatEvent;
import org.springframework.cloud.client.discovery.event.HeartbeatMonitor;
import org.springframework.context.ApplicationListener;

/**
 * Resolves targets like {@code discovery:///stock} to the instances that Spring Cloud's
 * {@link DiscoveryClient} knows, and again when that hears of changes. This class is
 * thread-safe.
 */
class DiscoveryNameResolverProvider extends NameResolverProvider implements ApplicationListener<HeartbeatEvent> {

	private static final Log logger = LogFactory.getLog(DiscoveryNameResolverProvider.class);

	private final Supplier<DiscoveryClient> client;

	private final InstancePort port;

	private final HeartbeatMonitor heartbeats = new HeartbeatMonitor();

	private final Set<LookupNameResolver> resolvers = ConcurrentHashMap.newKeySet();

	/** What was warned of, so as to warn once. */
	private final Set<String> leftOut = ConcurrentHashMap.newKeySet();

	DiscoveryNameResolverProvider(Supplier<DiscoveryClient> client, @Nullable String portMetadataKey) {
		this.client = client;
		this.port = new InstancePort(portMetadataKey);
	}

	@Override
	public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
		if (!getScheme().equals(target.getScheme())) {
			return null;
		}
		String service = target.getPath().substring(1);
		return new LookupNameResolver(service, () -> lookUp(service), this.resolvers, args);
	}

	private List<EquivalentAddressGroup> lookUp(String service) {
		List<ServiceInstance> instances = this.client.get().getInstances(service);
		if (instances.isEmpty()) {
			throw new IllegalStateException("Spring Cloud's DiscoveryClient knows no instance of it");
		}
		List<EquivalentAddressGroup> groups = new ArrayList<>();
		List<String> reasons = new ArrayList<>();
		for (ServiceInstance instance : instances) {
			try {
				groups.add(new EquivalentAddressGroup(addresses(instance)));
			}
			catch (IllegalArgumentException | UnknownHostException ex) {
				reasons.add(reason(instance, ex));
			}
		}
		if (groups.isEmpty()) {
			throw new IllegalStateException(String.join("; ", reasons));
		}
		reasons.stream()
			.filter(this.leftOut::add)
			.forEach((reason) -> logger.warn("An instance of '%s' gets no calls: %s".formatted(service, reason)));
		return groups;
	}

	private static String reason(ServiceInstance instance, Exception ex) {
		return (ex instanceof UnknownHostException) ? "its host '%s' is not known".formatted(instance.getHost())
				: String.valueOf(ex.getMessage());
	}

	private List<SocketAddress> addresses(ServiceInstance instance) throws UnknownHostException {
		int port = this.port.of(instance);
		return Arrays.stream(InetAddress.getAllByName(instance.getHost()))
			.<SocketAddress>map((address) -> new InetSocketAddress(address, port))
			.toList();
	}

	@Override
	public void onApplicationEvent(HeartbeatEvent event) {
		if (this.heartbeats.update(event.getValue())) {
			this.resolvers.forEach(LookupNameResolver::refresh);
		}
	}

	@Override
	protected boolean isAvailable() {
		return true;
	}

	@Override
	protected int priority() {
		return 4;
	}

	@Override
	public String getDefaultScheme() {
		return "discovery";
	}

}
