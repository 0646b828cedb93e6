package io.strand.grpc.testing;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;

/**
 * A channel that is connected and has no connection: what its calls do, the test says.
 */
public final class FakeChannel extends ManagedChannel {

	private final Queue<FakeCall<?, ?>> calls = new ConcurrentLinkedQueue<>();

	private volatile boolean shutdown;

	@Override
	public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
		FakeCall<Q, R> call = new FakeCall<>(options, this);
		this.calls.add(call);
		return call;
	}

	/**
	 * The calls that were made, in order.
	 * @return the calls, a live view
	 */
	public Queue<FakeCall<?, ?>> calls() {
		return this.calls;
	}

	@Override
	public String authority() {
		return "fake";
	}

	@Override
	public ManagedChannel shutdown() {
		this.shutdown = true;
		return this;
	}

	@Override
	public ManagedChannel shutdownNow() {
		return shutdown();
	}

	@Override
	public boolean isShutdown() {
		return this.shutdown;
	}

	@Override
	public boolean isTerminated() {
		return this.shutdown;
	}

	@Override
	public boolean awaitTermination(long timeout, TimeUnit unit) {
		return this.shutdown;
	}

	@Override
	public ConnectivityState getState(boolean requestConnection) {
		return ConnectivityState.READY;
	}

	@Override
	public void notifyWhenStateChanged(ConnectivityState source, Runnable callback) {
		// It stays as it is
	}

}
