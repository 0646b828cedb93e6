package io.strand.grpc.thread;

import io.strand.grpc.testing.LincheckThreads;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of {@link InterruptFence}: an interrupt reaches the code it is
 * meant for or nobody, and never what the thread does next.
 */
@Tag("lincheck")
class InterruptFenceLincheckTests {

	@Test
	void interruptNeverReachesWhatTheThreadDoesNext() {
		Lincheck.runConcurrentTest(1_000, () -> {
			Caller caller = new Caller();
			Interrupter interrupter = new Interrupter(caller);
			LincheckThreads.run(interrupter, caller);
			if (caller.leaked) {
				throw new IllegalStateException("An interrupt came after the code it was meant for");
			}
		});
	}

	/** A thread that runs a call, and then something else. */
	private static final class Caller extends Thread {

		private final InterruptFence fence = new InterruptFence();

		private volatile boolean aboutToInterrupt;

		private volatile boolean done;

		private volatile boolean leaked;

		@Override
		public void run() {
			this.fence.enter();
			this.fence.leave();
			while (!this.done) {
				Thread.onSpinWait();
			}
			this.leaked = Thread.interrupted();
		}

		@Override
		public void interrupt() {
			// Lincheck changes threads at fields only, and shall do so here
			this.aboutToInterrupt = true;
			super.interrupt();
		}

	}

	private static final class Interrupter extends Thread {

		private final Caller caller;

		Interrupter(Caller caller) {
			this.caller = caller;
		}

		@Override
		public void run() {
			this.caller.fence.interrupt();
			this.caller.done = true;
		}

	}

}
