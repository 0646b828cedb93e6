package io.strand.grpc.client;

import java.net.URI;

import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import org.jspecify.annotations.Nullable;

/**
 * Resolves targets of the form {@code static://host1:port1,host2:port2}. Found by gRPC as
 * a service of the class path, so it works for every channel of the JVM. This class is
 * thread-safe.
 */
public final class StaticNameResolverProvider extends NameResolverProvider {

	static final String SCHEME = "static";

	@Override
	public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
		return SCHEME.equals(target.getScheme())
				? new StaticNameResolver(ChannelTarget.parse(target.toString()).addresses(), args) : null;
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
		return SCHEME;
	}

}
