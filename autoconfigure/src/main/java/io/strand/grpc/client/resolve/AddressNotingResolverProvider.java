package io.strand.grpc.client.resolve;

import java.net.URI;
import java.util.Map;

import io.grpc.NameResolver;
import io.grpc.NameResolver.ConfigOrError;
import io.grpc.NameResolver.ServiceConfigParser;
import io.grpc.NameResolverProvider;
import org.jspecify.annotations.Nullable;

/**
 * Finds out the addresses of a target whose resolver names none, since it leaves that to
 * the load-balancing policy of its service config: so does that of xDS. Another policy is
 * put around that one, and notes what it connects to. Thread-safe.
 */
public final class AddressNotingResolverProvider extends ForwardingNameResolverProvider {

	private final ResolvedAddresses addresses;

	/**
	 * Wraps a provider.
	 * @param delegate who resolves
	 * @param addresses told of the addresses
	 */
	public AddressNotingResolverProvider(NameResolverProvider delegate, ResolvedAddresses addresses) {
		super(delegate);
		this.addresses = addresses;
	}

	@Override
	public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
		ServiceConfigParser parser = args.getServiceConfigParser();
		return delegate().newNameResolver(target, args.toBuilder().setServiceConfigParser(new ServiceConfigParser() {

			@Override
			public ConfigOrError parseServiceConfig(Map<String, ?> serviceConfig) {
				return parser.parseServiceConfig(
						AddressNotingPolicy.around(serviceConfig, AddressNotingResolverProvider.this.addresses));
			}

		}).build());
	}

}
