package io.strand.grpc.service.scope;

import io.grpc.Context;
import io.micrometer.context.ThreadLocalAccessor;
import org.jspecify.annotations.Nullable;

/**
 * Lets Micrometer's context propagation carry {@link Context gRPC's context}, and with it
 * the call, to other threads. Found as a service.
 */
public final class GrpcContextAccessor implements ThreadLocalAccessor<Context> {

	/** The key in snapshots. */
	public static final String KEY = "io.grpc.Context";

	@Override
	public Object key() {
		return KEY;
	}

	@Override
	public @Nullable Context getValue() {
		Context current = Context.current();
		return (current != Context.ROOT) ? current : null; // nothing to carry
	}

	@Override
	public void setValue(Context value) {
		value.attach();
	}

	@Override
	public void setValue() {
		Context.ROOT.attach();
	}

	@Override
	public void restore(Context previousValue) {
		Context.current().detach(previousValue);
	}

	@Override
	public void restore() {
		Context.current().detach(Context.ROOT);
	}

}
