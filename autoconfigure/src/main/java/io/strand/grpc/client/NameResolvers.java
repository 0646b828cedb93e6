package io.strand.grpc.client;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.strand.grpc.client.ChannelTarget.Kind;
import io.strand.grpc.client.resolve.AddressNotingResolverProvider;
import io.strand.grpc.client.resolve.RefreshingNameResolverProvider;
import io.strand.grpc.client.resolve.ResolvedAddresses;
import io.strand.grpc.service.NearestName;
import org.jspecify.annotations.Nullable;

/**
 * Finds who resolves a target: a resolver of the application context, else one that is
 * registered for the whole JVM. Immutable, thread-safe.
 */
final class NameResolvers {

	/**
	 * What the JVM and gRPC keep a DNS answer for, so that asking more often finds
	 * nothing new. For discovery, in case that its client tells no changes.
	 */
	private static final Duration REFRESH_INTERVAL = Duration.ofSeconds(30);

	private static final String DNS = "dns";

	private static final String DISCOVERY = "discovery";

	/** Its resolver is told of changes, and tells errors that must not be kept back. */
	private static final String XDS = "xds";

	private static final List<String> SCHEMES = List.of(DNS, StaticNameResolverProvider.SCHEME, "unix", "in-process",
			"self", XDS, DISCOVERY);

	private final List<NameResolverProvider> own;

	NameResolvers(List<NameResolverProvider> own) {
		this.own = List.copyOf(own);
	}

	/**
	 * The resolver of a target.
	 * @param target a target of the kind RESOLVED or STATIC
	 * @param settings how often to resolve again, if it says so, and how soon after an
	 * error
	 * @param addresses told of the answers
	 * @return the resolver
	 */
	NameResolverProvider provider(ChannelTarget target, ChannelSettings settings, ResolvedAddresses addresses) {
		NameResolverProvider provider = find(target.scheme());
		if (provider == null) {
			// host:port, or what a resolver that was registered meanwhile knows
			provider = Objects.requireNonNull(find(NameResolverRegistry.getDefaultRegistry().getDefaultScheme()));
		}
		String scheme = provider.getScheme();
		if (scheme.equals(XDS)) {
			return new AddressNotingResolverProvider(provider, addresses);
		}
		Duration byDefault = (scheme.equals(DNS) || scheme.equals(DISCOVERY)) ? REFRESH_INTERVAL : Duration.ZERO;
		Duration refreshInterval = settings.balancing().refreshInterval();
		return new RefreshingNameResolverProvider(provider, (refreshInterval != null) ? refreshInterval : byDefault,
				settings.maxReconnectBackoff(), addresses);
	}

	/**
	 * Whether a target has a scheme that somebody resolves.
	 * @param target a target
	 * @throws IllegalArgumentException with a message for the user if nobody does
	 */
	void check(ChannelTarget target) {
		if (target.kind() != Kind.RESOLVED || !target.hasScheme() || find(target.scheme()) != null) {
			return;
		}
		String scheme = target.scheme();
		throw new IllegalArgumentException(
				"There is no resolver for the scheme '%s'.%s".formatted(scheme, hint(scheme)));
	}

	private static String hint(String scheme) {
		String nearest = SCHEMES.stream()
			.min(Comparator.comparingInt((known) -> NearestName.distance(known, scheme)))
			.orElseThrow();
		if (NearestName.distance(nearest, scheme) > 2) {
			return " One of your own is a bean of type NameResolverProvider, or a service of the class path.";
		}
		if (!nearest.equals(scheme)) {
			return " Did you mean '%s'?".formatted(nearest);
		}
		return scheme.equals(XDS) ? " xDS needs the dependency io.grpc:grpc-xds, which is not on the class path."
				: " It needs Spring Cloud's DiscoveryClient, such as that of"
						+ " org.springframework.cloud:spring-cloud-starter-netflix-eureka-client or"
						+ " spring-cloud-starter-consul-discovery.";
	}

	private @Nullable NameResolverProvider find(String scheme) {
		for (NameResolverProvider provider : this.own) {
			if (provider.getScheme().equals(scheme)) {
				return provider;
			}
		}
		return NameResolverRegistry.getDefaultRegistry().getProviderForScheme(scheme);
	}

}
