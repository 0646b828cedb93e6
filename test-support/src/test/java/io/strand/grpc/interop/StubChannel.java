package io.strand.grpc.interop;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;

import org.springframework.context.ConfigurableApplicationContext;

/**
 * The channel of a stub that an application got injected. It shuts down as applications
 * do: with their context.
 */
final class StubChannel extends ManagedChannel {

	private final Channel channel;

	private final ConfigurableApplicationContext context;

	private final AtomicBoolean shutdown = new AtomicBoolean();

	private final CountDownLatch terminated = new CountDownLatch(1);

	StubChannel(Channel channel, ConfigurableApplicationContext context) {
		this.channel = channel;
		this.context = context;
	}

	@Override
	public <Q, R> ClientCall<Q, R> newCall(MethodDescriptor<Q, R> method, CallOptions options) {
		return this.channel.newCall(method, options);
	}

	@Override
	public String authority() {
		return this.channel.authority();
	}

	@Override
	public ManagedChannel shutdown() {
		if (this.shutdown.compareAndSet(false, true)) {
			// Waits for the calls in flight
			new Thread(() -> {
				this.context.close();
				this.terminated.countDown();
			}, "context-close").start();
		}
		return this;
	}

	@Override
	public ManagedChannel shutdownNow() {
		return shutdown();
	}

	@Override
	public boolean isShutdown() {
		return this.shutdown.get();
	}

	@Override
	public boolean isTerminated() {
		return this.terminated.getCount() == 0;
	}

	@Override
	public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
		return this.terminated.await(timeout, unit);
	}

}
