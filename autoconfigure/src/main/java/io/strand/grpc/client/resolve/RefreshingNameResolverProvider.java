package io.strand.grpc.client.resolve;

import java.net.SocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Collection;

import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import org.jspecify.annotations.Nullable;

/**
 * Makes the resolvers of another provider resolve again at an interval. Immutable,
 * thread-safe.
 */
public final class RefreshingNameResolverProvider extends NameResolverProvider {

	private final NameResolverProvider delegate;

	private final Duration interval;

	/**
	 * Wraps a provider.
	 * @param delegate who resolves
	 * @param interval how long after an answer it is asked again; zero for only when gRPC
	 * asks, which is when a connection fails
	 */
	public RefreshingNameResolverProvider(NameResolverProvider delegate, Duration interval) {
		this.delegate = delegate;
		this.interval = interval;
	}

	@Override
	public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
		NameResolver resolver = this.delegate.newNameResolver(target, args);
		return (resolver != null) ? new RefreshingNameResolver(resolver, this.interval, args) : null;
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
