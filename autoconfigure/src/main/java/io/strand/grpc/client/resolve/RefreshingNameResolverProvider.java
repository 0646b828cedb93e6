package io.strand.grpc.client.resolve;

import java.net.URI;
import java.time.Duration;

import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import org.jspecify.annotations.Nullable;

/**
 * Makes the resolvers of another provider resolve again at an interval. Thread-safe.
 */
public final class RefreshingNameResolverProvider extends ForwardingNameResolverProvider {

	private final Duration interval;

	private final Duration retryInterval;

	private final ResolvedAddresses addresses;

	/**
	 * Wraps a provider.
	 * @param delegate who resolves
	 * @param interval how long after an answer it is asked again; zero for only when gRPC
	 * asks, which is when a connection fails
	 * @param retryInterval how long after an error it is asked again, as long as there
	 * was no answer; zero to leave it to gRPC
	 * @param addresses told of the answers
	 */
	public RefreshingNameResolverProvider(NameResolverProvider delegate, Duration interval, Duration retryInterval,
			ResolvedAddresses addresses) {
		super(delegate);
		this.interval = interval;
		this.retryInterval = retryInterval;
		this.addresses = addresses;
	}

	@Override
	public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
		NameResolver resolver = delegate().newNameResolver(target, args);
		return (resolver != null)
				? new RefreshingNameResolver(resolver, this.interval, this.retryInterval, this.addresses, args) : null;
	}

}
