package io.strand.grpc.client.resolve;

import java.net.SocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Collection;

import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import org.jspecify.annotations.Nullable;

/**
 * Makes the resolvers of another provider resolve again at an interval. Thread-safe.
 */
public final class RefreshingNameResolverProvider extends NameResolverProvider {

	private final NameResolverProvider delegate;

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
		this.delegate = delegate;
		this.interval = interval;
		this.retryInterval = retryInterval;
		this.addresses = addresses;
	}

	@Override
	public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
		NameResolver resolver = this.delegate.newNameResolver(target, args);
		return (resolver != null)
				? new RefreshingNameResolver(resolver, this.interval, this.retryInterval, this.addresses, args) : null;
	}

	@Override
	protected boolean isAvailable() {
		return true;
	}

	@Override
	protected int priority() {
		return 5;
	}

	@Override
	public String getDefaultScheme() {
		return this.delegate.getDefaultScheme();
	}

	@Override
	public String getScheme() {
		return this.delegate.getScheme();
	}

	@Override
	public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
		return this.delegate.getProducedSocketAddressTypes();
	}

}
