package io.strand.grpc.service.scope;

import java.net.SocketAddress;

import io.grpc.Attributes;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

/**
 * Stands for whatever call the current thread serves, so that beans that outlive calls
 * can be injected with it. Without a call, every method throws as
 * {@link GrpcCall#current()} does.
 */
public final class CurrentGrpcCall implements GrpcCall {

	@Override
	public long id() {
		return GrpcCall.current().id();
	}

	@Override
	public MethodDescriptor<?, ?> method() {
		return GrpcCall.current().method();
	}

	@Override
	public @Nullable SocketAddress peer() {
		return GrpcCall.current().peer();
	}

	@Override
	public @Nullable Deadline deadline() {
		return GrpcCall.current().deadline();
	}

	@Override
	public Attributes attributes() {
		return GrpcCall.current().attributes();
	}

	@Override
	public Metadata headers() {
		return GrpcCall.current().headers();
	}

	@Override
	public Metadata responseHeaders() {
		return GrpcCall.current().responseHeaders();
	}

	@Override
	public Metadata responseTrailers() {
		return GrpcCall.current().responseTrailers();
	}

	@Override
	public boolean isCancelled() {
		return GrpcCall.current().isCancelled();
	}

	@Override
	public boolean isDraining() {
		return GrpcCall.current().isDraining();
	}

	@Override
	public void onDrain(Runnable task) {
		GrpcCall.current().onDrain(task);
	}

	@Override
	public void onEnd(Runnable task) {
		GrpcCall.current().onEnd(task);
	}

	@Override
	public String toString() {
		GrpcCall call = GrpcCall.currentOrNull();
		return (call != null) ? call.toString() : "no gRPC call";
	}

}
