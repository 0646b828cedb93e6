package io.strand.grpc.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;

/**
 * A channel that has terminated only when the last callback of its last call has
 * returned. gRPC's own has when the last stream has closed: the application may hear of
 * it later. Thread-safe.
 */
final class TrackedChannel extends ManagedChannel {

	/**
	 * How long the last callbacks are waited for when all streams have closed. Those of a
	 * blocking call run in its reader, and so never run if nobody reads to the end.
	 */
	private static final Duration CALLBACK_PERIOD = Duration.ofSeconds(1);

	private final ManagedChannel delegate;

	private final InFlightCalls calls;

	TrackedChannel(ManagedChannel delegate) {
		this.delegate = delegate;
		// gRPC keeps a connection that it needs no more for five seconds, and does not
		// terminate before
		this.calls = new InFlightCalls(delegate::shutdownNow);
	}

	@Override
	public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
		return this.calls.newCall(this.delegate, method, options);
	}

	/** Whether nothing is left of it but callbacks that perhaps nobody runs. */
	boolean hasNoConnection() {
		return this.delegate.isTerminated();
	}

	int callsInFlight() {
		return this.calls.current();
	}

	@Override
	public ManagedChannel shutdown() {
		this.delegate.shutdown();
		this.calls.close();
		return this;
	}

	@Override
	public ManagedChannel shutdownNow() {
		this.delegate.shutdownNow();
		this.calls.close();
		return this;
	}

	@Override
	public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
		long end = System.nanoTime() + unit.toNanos(timeout);
		if (!this.delegate.awaitTermination(timeout, unit)) {
			return false;
		}
		long left = end - System.nanoTime();
		return this.calls.await(Math.min(left, CALLBACK_PERIOD.toNanos())) || left > CALLBACK_PERIOD.toNanos();
	}

	@Override
	public boolean isTerminated() {
		return this.delegate.isTerminated() && this.calls.isNone();
	}

	@Override
	public boolean isShutdown() {
		return this.delegate.isShutdown();
	}

	@Override
	public String authority() {
		return this.delegate.authority();
	}

	@Override
	public ConnectivityState getState(boolean requestConnection) {
		return this.delegate.getState(requestConnection);
	}

	@Override
	public void notifyWhenStateChanged(ConnectivityState source, Runnable callback) {
		this.delegate.notifyWhenStateChanged(source, callback);
	}

	@Override
	public void resetConnectBackoff() {
		this.delegate.resetConnectBackoff();
	}

	@Override
	public void enterIdle() {
		this.delegate.enterIdle();
	}

}
