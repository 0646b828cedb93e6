package io.strand.grpc.integration;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc.HealthBlockingStub;
import org.jspecify.annotations.Nullable;

/**
 * Calls without a pause until it is closed, or a call fails.
 */
final class Caller implements AutoCloseable {

	private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

	private final HealthBlockingStub stub;

	private final Thread thread;

	private volatile boolean closed;

	Caller(HealthBlockingStub stub) {
		this.stub = stub;
		this.thread = new Thread(this::call, "caller");
		this.thread.start();
	}

	private void call() {
		try {
			while (!this.closed) {
				this.stub.withDeadlineAfter(30, TimeUnit.SECONDS).check(HealthCheckRequest.getDefaultInstance());
			}
		}
		catch (RuntimeException ex) {
			this.failure.set(ex);
		}
	}

	@Nullable Throwable failure() {
		return this.failure.get();
	}

	@Override
	public void close() throws InterruptedException {
		this.closed = true;
		this.thread.join(40_000);
	}

}
