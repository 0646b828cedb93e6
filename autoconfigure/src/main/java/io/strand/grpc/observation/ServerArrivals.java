package io.strand.grpc.observation;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

import io.grpc.Attributes;
import io.grpc.HandlerRegistry;
import io.grpc.ServerBuilder;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.inprocess.InProcessServerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Counts what arrives at the addresses of a server and not at a service: connections
 * within the JVM, and calls of methods that nobody serves. Thread-safe.
 */
public final class ServerArrivals {

	private final AtomicInteger inProcess = new AtomicInteger();

	private final LongAdder unknownMethods = new LongAdder();

	/**
	 * Counts at one address.
	 * @param builder the builder of its server, whose fallback registry is taken
	 */
	public void watch(ServerBuilder<?> builder) {
		if (builder instanceof InProcessServerBuilder) {
			builder.addTransportFilter(new InProcessConnections());
		}
		builder.fallbackHandlerRegistry(new Nothing());
	}

	/**
	 * The connections that are open within this JVM. Those of sockets the server counts
	 * itself, from before gRPC knows of them.
	 * @return their number
	 */
	public int inProcess() {
		return this.inProcess.get();
	}

	/**
	 * The calls of methods that the server does not have. Their names are the client's to
	 * choose and as many as it likes, so they are counted together.
	 * @return the number of calls
	 */
	public long unknownMethods() {
		return this.unknownMethods.sum();
	}

	private final class InProcessConnections extends ServerTransportFilter {

		@Override
		public Attributes transportReady(Attributes attributes) {
			ServerArrivals.this.inProcess.incrementAndGet();
			return attributes;
		}

		@Override
		public void transportTerminated(@Nullable Attributes attributes) {
			if (attributes != null) { // else it was never ready
				ServerArrivals.this.inProcess.decrementAndGet();
			}
		}

	}

	/** Asked for what no service has, and has nothing either. */
	private final class Nothing extends HandlerRegistry {

		@Override
		public @Nullable ServerMethodDefinition<?, ?> lookupMethod(String name, @Nullable String authority) {
			ServerArrivals.this.unknownMethods.increment();
			return null;
		}

	}

}
