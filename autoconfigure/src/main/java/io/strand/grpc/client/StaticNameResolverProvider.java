package io.strand.grpc.client;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Objects;

import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import org.jspecify.annotations.Nullable;

/**
 * Resolves targets of the form {@code static:///host1:port1,host2:port2}. Found by gRPC
 * as a service of the class path, so it works for every channel of the JVM. This class is
 * thread-safe.
 */
public final class StaticNameResolverProvider extends NameResolverProvider {

	static final String SCHEME = "static";

	/**
	 * A static target as a URI: its hosts are the path, since an authority can have only
	 * one.
	 * @param target the target as the user wrote it
	 * @return a target that gRPC can parse
	 */
	static String uri(ChannelTarget target) {
		try {
			return new URI(SCHEME, "", "/" + target.rest(), null).toASCIIString();
		}
		catch (URISyntaxException ex) {
			throw new IllegalArgumentException("The target '%s' is not valid".formatted(target), ex);
		}
	}

	@Override
	public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
		if (!SCHEME.equals(target.getScheme())) {
			return null;
		}
		String hosts = Objects.requireNonNullElse(target.getAuthority(), "")
				+ Objects.requireNonNullElse(target.getPath(), "");
		return new StaticNameResolver(ChannelTarget.parse(SCHEME + ":" + hosts).addresses(), args);
	}

	@Override
	protected boolean isAvailable() {
		return true;
	}

	@Override
	protected int priority() {
		return 4; // below dns, which host:port is for
	}

	@Override
	public String getDefaultScheme() {
		return SCHEME;
	}

}
