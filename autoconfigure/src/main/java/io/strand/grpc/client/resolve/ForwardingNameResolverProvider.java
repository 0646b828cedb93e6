package io.strand.grpc.client.resolve;

import java.net.SocketAddress;
import java.util.Collection;

import io.grpc.NameResolverProvider;

/**
 * Stands for another provider, but for the resolvers that it makes. Thread-safe.
 */
abstract class ForwardingNameResolverProvider extends NameResolverProvider {

	private final NameResolverProvider delegate;

	ForwardingNameResolverProvider(NameResolverProvider delegate) {
		this.delegate = delegate;
	}

	final NameResolverProvider delegate() {
		return this.delegate;
	}

	@Override
	protected final boolean isAvailable() {
		return true;
	}

	@Override
	protected final int priority() {
		return 5;
	}

	@Override
	public final String getDefaultScheme() {
		return this.delegate.getDefaultScheme();
	}

	@Override
	public final String getScheme() {
		return this.delegate.getScheme();
	}

	@Override
	public final Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
		return this.delegate.getProducedSocketAddressTypes();
	}

}
