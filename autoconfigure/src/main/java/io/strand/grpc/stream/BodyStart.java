package io.strand.grpc.stream;

import java.util.concurrent.atomic.AtomicBoolean;

import io.strand.grpc.call.Receiver;

/**
 * Runs a body in the first callback that comes to the call's thread, and in no other.
 * Thread-safe, since interceptors may change threads between callbacks.
 */
final class BodyStart {

	private final AtomicBoolean started = new AtomicBoolean();

	private final Receiver<?> receiver;

	private final Body body;

	BodyStart(Receiver<?> receiver, Body body) {
		this.receiver = receiver;
		this.body = body;
	}

	void once() {
		if (!this.started.get() && this.receiver.canRun(this::once) && this.started.compareAndSet(false, true)) {
			this.receiver.run(this::run);
		}
	}

	private void run() {
		try {
			this.body.run();
		}
		catch (Throwable ex) {
			throw Sneaky.rethrow(ex);
		}
	}

	interface Body {

		void run() throws Throwable;

	}

}
