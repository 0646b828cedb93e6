package io.strand.grpc.client;

import java.net.SocketAddress;
import java.net.URI;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import org.jspecify.annotations.Nullable;

/**
 * Resolves the target {@code self:} to what the application's own server listens on,
 * whatever it turns out to be, and again each time the server starts.
 *
 * <p>
 * gRPC finds resolvers by scheme in a registry of the whole JVM, while there may be
 * several applications in it; so each provider has a scheme of its own. This class is
 * thread-safe.
 */
final class SelfNameResolverProvider extends NameResolverProvider {

	private static final AtomicLong count = new AtomicLong();

	private final String scheme = "strand-self-" + count.getAndIncrement();

	private final OwnServer server;

	private final Set<SelfNameResolver> resolvers = ConcurrentHashMap.newKeySet();

	SelfNameResolverProvider(OwnServer server) {
		this.server = server;
		server.onStart(() -> this.resolvers.forEach(SelfNameResolver::resolve));
	}

	String target() {
		return this.scheme + ":///self";
	}

	@Override
	public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
		return this.scheme.equals(target.getScheme()) ? new SelfNameResolver(args.getSynchronizationContext()) : null;
	}

	@Override
	protected boolean isAvailable() {
		return true;
	}

	@Override
	public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
		return Set.of(this.server.addressType());
	}

	@Override
	protected int priority() {
		return 4; // below dns, which host:port is for
	}

	@Override
	public String getDefaultScheme() {
		return this.scheme;
	}

	@Override
	public String getScheme() {
		return this.scheme;
	}

	private final class SelfNameResolver extends NameResolver {

		private final SynchronizationContext syncContext;

		private volatile @Nullable Listener2 listener;

		SelfNameResolver(SynchronizationContext syncContext) {
			this.syncContext = syncContext;
		}

		@Override
		public String getServiceAuthority() {
			return "localhost";
		}

		@Override
		public void start(Listener2 listener) {
			this.listener = listener;
			SelfNameResolverProvider.this.resolvers.add(this);
			resolve();
		}

		@Override
		public void refresh() {
			resolve();
		}

		void resolve() {
			this.syncContext.execute(this::resolveInContext);
		}

		private void resolveInContext() {
			Listener2 current = this.listener;
			if (current == null) {
				return;
			}
			SocketAddress address = SelfNameResolverProvider.this.server.address();
			StatusOr<List<EquivalentAddressGroup>> result = (address != null)
					? StatusOr.fromValue(List.of(new EquivalentAddressGroup(address)))
					: StatusOr.fromStatus(OwnServerCheck.NOT_RUNNING);
			current.onResult2(ResolutionResult.newBuilder().setAddressesOrError(result).build());
		}

		@Override
		public void shutdown() {
			this.listener = null;
			SelfNameResolverProvider.this.resolvers.remove(this);
		}

	}

}
