package io.strand.grpc.service.scope;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectFactory;
import org.springframework.beans.factory.config.Scope;

/**
 * The scope of {@link GrpcCallScope}. Thread-safe. Keeps the beans of each call that uses
 * any until the call ends.
 */
public final class CallScope implements Scope {

	/** By the call's one object, whose identity is its equality. */
	private final ConcurrentMap<GrpcCall, CallBeans> beans = new ConcurrentHashMap<>();

	@Override
	public Object get(String name, ObjectFactory<?> factory) {
		return beans(name).get(name, factory);
	}

	@Override
	public @Nullable Object remove(String name) {
		return beans(name).remove(name);
	}

	@Override
	public void registerDestructionCallback(String name, Runnable callback) {
		beans(name).onDestruction(name, callback);
	}

	@Override
	public @Nullable Object resolveContextualObject(String key) {
		return "grpcCall".equals(key) ? GrpcCall.currentOrNull() : null;
	}

	@Override
	public @Nullable String getConversationId() {
		GrpcCall call = GrpcCall.currentOrNull();
		return (call != null) ? String.valueOf(call.id()) : null;
	}

	private CallBeans beans(String name) {
		GrpcCall call = GrpcCall.currentOrNull();
		if (call == null) {
			throw new IllegalStateException(
					("Bean '%s' belongs to a gRPC call, and thread '%s' serves none. Use it in a"
							+ " handler or an interceptor of the server, or on a thread that the call's io.grpc.Context is carried"
							+ " to, as spring.task.execution.propagate-context=true does for @Async.")
						.formatted(name, Thread.currentThread().getName()));
		}
		CallBeans known = this.beans.get(call);
		if (known != null) {
			return known;
		}
		CallBeans made = new CallBeans(call);
		CallBeans first = this.beans.putIfAbsent(call, made);
		if (first != null) {
			return first;
		}
		// At once, if the call is over: what is kept for it goes again, and it gets no
		// bean
		call.onEnd(() -> {
			this.beans.remove(call, made);
			made.end();
		});
		return made;
	}

	/**
	 * How many calls have beans at this moment.
	 * @return the count
	 */
	int calls() {
		return this.beans.size();
	}

}
