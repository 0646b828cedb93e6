package io.strand.grpc.call;

import io.strand.grpc.testing.LincheckThreads;
import org.jetbrains.lincheck.Lincheck;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of the inboxes: one thread adds, one takes, a third one asks
 * for messages, and it is as if they took turns.
 */
@Tag("lincheck")
class InboxLincheckTests {

	@Test
	void singleInboxGivesMessagesInOrderAndAsManyAsWereAskedFor() {
		check(Single.class);
	}

	@Test
	void streamInboxGivesMessagesInOrderAndAsManyAsWereAskedFor() {
		check(Stream.class);
	}

	@Test
	void singleInboxKeepsTheOrderOfMessagesThatComeWhileItIsLookedAt() {
		Lincheck.runConcurrentTest(500, () -> keepsTheOrder(new SingleInbox()));
	}

	@Test
	void streamInboxKeepsTheOrderOfMessagesThatComeWhileItIsLookedAt() {
		Lincheck.runConcurrentTest(500, () -> keepsTheOrder(new StreamInbox()));
	}

	private static void keepsTheOrder(Inbox inbox) {
		inbox.addCredits(2);
		Thread transport = new Transport(inbox);
		transport.start();
		Object taken = inbox.poll();
		LincheckThreads.join(transport);
		if (taken == null) {
			taken = inbox.poll();
		}
		if (!"first".equals(taken) || !"second".equals(inbox.poll())) {
			throw new IllegalStateException("The second message came first");
		}
	}

	@Test
	void singleInboxGivesAMessageToOneWhenTheCallEndsMeanwhile() {
		Lincheck.runConcurrentTest(500, () -> givesAMessageToOne(new SingleInbox()));
	}

	@Test
	void streamInboxGivesAMessageToOneWhenTheCallEndsMeanwhile() {
		Lincheck.runConcurrentTest(500, () -> givesAMessageToOne(new StreamInbox()));
	}

	private static void givesAMessageToOne(Inbox inbox) {
		inbox.addCredits(1);
		inbox.add("message");
		Ender ender = new Ender(inbox);
		ender.start();
		Object taken = inbox.poll();
		LincheckThreads.join(ender);
		if ((taken == null) == (ender.removed == null) || !inbox.isEmpty()) {
			throw new IllegalStateException("Handled: %s, given back: %s".formatted(taken, ender.removed));
		}
	}

	private static void check(Class<?> operations) {
		new ModelCheckingOptions().iterations(15)
			.invocationsPerIteration(300)
			.threads(3)
			.actorsPerThread(2)
			.actorsBefore(1)
			.actorsAfter(1)
			.check(operations);
	}

	/** A class of its own, since Lincheck does not see what a lambda shares. */
	private static final class Transport extends Thread {

		private final Inbox inbox;

		Transport(Inbox inbox) {
			this.inbox = inbox;
		}

		@Override
		public void run() {
			this.inbox.add("first");
			this.inbox.add("second");
		}

	}

	private static final class Ender extends Thread {

		private final Inbox inbox;

		private @Nullable Object removed;

		Ender(Inbox inbox) {
			this.inbox = inbox;
		}

		@Override
		public void run() {
			this.removed = this.inbox.remove();
		}

	}

	/** Three roles. */
	public abstract static class Operations {

		private final Inbox inbox;

		private int added;

		Operations(Inbox inbox) {
			this.inbox = inbox;
		}

		@Operation(nonParallelGroup = "transport")
		public void add() {
			// No more than the transport is asked for
			if (this.added < 2) {
				this.inbox.add(++this.added);
			}
		}

		@Operation(nonParallelGroup = "call")
		public @Nullable Object poll() {
			return this.inbox.poll();
		}

		@Operation(nonParallelGroup = "call")
		public boolean hasDeliverable() {
			return this.inbox.hasDeliverable();
		}

		@Operation
		public void ask() {
			this.inbox.addCredits(1);
		}

	}

	public static class Single extends Operations {

		public Single() {
			super(new SingleInbox());
		}

	}

	public static class Stream extends Operations {

		public Stream() {
			super(new StreamInbox());
		}

	}

}
