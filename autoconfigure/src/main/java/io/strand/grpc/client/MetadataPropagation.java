package io.strand.grpc.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.strand.grpc.call.GrpcCall;

/**
 * Which headers of the call that is being served go along with the calls made meanwhile.
 * What a call sets itself is left as it is. Immutable and thread-safe.
 */
public final class MetadataPropagation {

	/** None. */
	public static final MetadataPropagation NONE = new MetadataPropagation(List.of());

	/** Belong to a connection or to gRPC itself. */
	private static final Set<String> RESERVED = Set.of("content-type", "te", "user-agent", "host", "connection");

	private final List<Metadata.Key<?>> keys;

	private MetadataPropagation(List<Metadata.Key<?>> keys) {
		this.keys = keys;
	}

	/**
	 * The propagation of some headers.
	 * @param names the names, in any case; those that end with {@code -bin} have binary
	 * values
	 * @return the propagation
	 * @throws IllegalArgumentException with a message for the user if a name is none of a
	 * header that may be set
	 */
	public static MetadataPropagation of(List<String> names) {
		List<Metadata.Key<?>> keys = new ArrayList<>();
		for (String name : names) {
			keys.add(key(name.trim().toLowerCase(Locale.ROOT)));
		}
		return keys.isEmpty() ? NONE : new MetadataPropagation(List.copyOf(keys));
	}

	private static Metadata.Key<?> key(String name) {
		if (RESERVED.contains(name) || name.startsWith("grpc-") || name.startsWith(":")) {
			throw new IllegalArgumentException("The header '%s' belongs to gRPC itself.".formatted(name));
		}
		try {
			return name.endsWith(Metadata.BINARY_HEADER_SUFFIX) ? Metadata.Key.of(name, Metadata.BINARY_BYTE_MARSHALLER)
					: Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
		}
		catch (IllegalArgumentException ex) {
			throw new IllegalArgumentException("'%s' is no name of a header; there are no patterns.".formatted(name),
					ex);
		}
	}

	boolean isNone() {
		return this.keys.isEmpty();
	}

	boolean contains(String name) {
		return this.keys.stream().anyMatch((key) -> key.name().equals(name));
	}

	ClientInterceptor interceptor() {
		return new Interceptor(this.keys);
	}

	private record Interceptor(List<Metadata.Key<?>> keys) implements ClientInterceptor {

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
			ClientCall<Q, R> call = next.newCall(method, options);
			GrpcCall served = GrpcCall.currentOrNull();
			return (served != null) ? new PropagatingCall<>(call, served, this.keys) : call;
		}

	}

	private static final class PropagatingCall<Q, R> extends SimpleForwardingClientCall<Q, R> {

		private final GrpcCall served;

		private final List<Metadata.Key<?>> keys;

		PropagatingCall(ClientCall<Q, R> delegate, GrpcCall served, List<Metadata.Key<?>> keys) {
			super(delegate);
			this.served = served;
			this.keys = keys;
		}

		@Override
		public void start(Listener<R> listener, Metadata headers) {
			this.keys.forEach((key) -> copy(key, headers));
			super.start(listener, headers);
		}

		private <T> void copy(Metadata.Key<T> key, Metadata headers) {
			Iterable<T> values = headers.containsKey(key) ? null : this.served.headers().getAll(key);
			if (values != null) {
				values.forEach((value) -> headers.put(key, value));
			}
		}

	}

}
