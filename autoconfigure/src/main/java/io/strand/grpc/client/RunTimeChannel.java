package io.strand.grpc.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;

/**
 * A channel that an application made while it runs. Like one with a name it is another
 * channel when the settings that it inherits change: calls that have started go on.
 * Thread-safe.
 */
final class RunTimeChannel extends ManagedChannel {

	private final NamedChannel current;

	/** Those whose place another one has taken. */
	private final Set<ManagedChannel> retired = ConcurrentHashMap.newKeySet();

	private final Runnable whenShutDown;

	private final AtomicBoolean shutdown = new AtomicBoolean();

	/**
	 * Makes the first channel.
	 * @param target where it leads
	 * @param gracePeriod how long its calls are waited for when it is closed
	 * @param factory makes channels
	 * @param whenShutDown run once, when it takes no more calls
	 */
	RunTimeChannel(String target, Duration gracePeriod, Supplier<ManagedChannel> factory, Runnable whenShutDown) {
		this.current = new NamedChannel(target, gracePeriod, factory, "The channel to '%s' was shut down");
		this.current.make();
		this.whenShutDown = whenShutDown;
	}

	@Override
	public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
		return this.current.newCall(method, options);
	}

	/** Lets later calls make a new channel. Does not wait. */
	void renew(Duration gracePeriod) {
		this.retired.removeIf(ManagedChannel::isTerminated);
		this.current.renew(gracePeriod, this.retired::add);
	}

	Duration gracePeriod() {
		return this.current.shutdownGracePeriod();
	}

	@Override
	public ManagedChannel shutdown() {
		this.current.shutdown();
		if (this.shutdown.compareAndSet(false, true)) {
			this.whenShutDown.run();
		}
		return this;
	}

	@Override
	public ManagedChannel shutdownNow() {
		shutdown();
		all().forEach(ManagedChannel::shutdownNow);
		return this;
	}

	@Override
	public boolean isShutdown() {
		return this.shutdown.get();
	}

	@Override
	public boolean isTerminated() {
		return isShutdown() && all().stream().allMatch(ManagedChannel::isTerminated);
	}

	/** Whether nothing is left of it but callbacks that perhaps nobody runs. */
	boolean hasNoConnection() {
		return isShutdown() && all().stream().allMatch(ClosingChannel::hasNoConnection);
	}

	@Override
	public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
		long end = System.nanoTime() + unit.toNanos(timeout);
		for (ManagedChannel channel : all()) {
			if (!channel.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
				return false;
			}
		}
		return isShutdown();
	}

	@Override
	public String authority() {
		return this.current.authority();
	}

	@Override
	public ConnectivityState getState(boolean requestConnection) {
		if (isShutdown()) {
			return ConnectivityState.SHUTDOWN;
		}
		ManagedChannel made = requestConnection ? this.current.make() : this.current.getIfMade();
		return (made != null) ? made.getState(requestConnection) : ConnectivityState.IDLE;
	}

	@Override
	public void notifyWhenStateChanged(ConnectivityState source, Runnable callback) {
		if (isShutdown() && source != ConnectivityState.SHUTDOWN) {
			callback.run();
		}
		else if (!isShutdown()) {
			this.current.make().notifyWhenStateChanged(source, callback);
		}
	}

	@Override
	public void resetConnectBackoff() {
		all().forEach(ManagedChannel::resetConnectBackoff);
	}

	@Override
	public void enterIdle() {
		all().forEach(ManagedChannel::enterIdle);
	}

	private List<ManagedChannel> all() {
		List<ManagedChannel> all = new ArrayList<>();
		ManagedChannel made = this.current.getIfMade();
		if (made != null) {
			all.add(made);
		}
		// After it: it may go there meanwhile
		all.addAll(this.retired);
		return all;
	}

}
