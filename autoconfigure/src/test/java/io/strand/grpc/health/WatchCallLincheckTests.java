package io.strand.grpc.health;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Metadata;
import io.grpc.Status;
import io.strand.grpc.testing.LincheckThreads;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.SilentServerCall;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of {@link WatchCall}: the latest message is sent as soon as it
 * can be, by one thread at a time, and nothing after the end.
 */
@Tag("lincheck")
class WatchCallLincheckTests {

	@Test
	void latestOfMessagesThatComeAtTheSameTimeIsSent() {
		Lincheck.runConcurrentTest(250, () -> {
			Transport transport = new Transport(true);
			LincheckThreads.run(new Sender(transport, "a"), new Sender(transport, "b"));
			transport.checkNothingIsLeft();
			transport.check(transport.events.size() >= 1, "Nothing was sent");
		});
	}

	@Test
	void messageThatComesWhenTheTransportGetsReadyIsSent() {
		Lincheck.runConcurrentTest(250, () -> {
			Transport transport = new Transport(false);
			LincheckThreads.run(new Sender(transport, "a"), new Readiness(transport));
			transport.checkNothingIsLeft();
			transport.check(transport.events.size() == 1, "It was not sent once");
		});
	}

	@Test
	void endThatComesWithAMessageIsTheLastAndTheOnlyOne() {
		Lincheck.runConcurrentTest(250, () -> {
			Transport transport = new Transport(true);
			LincheckThreads.run(new Sender(transport, "a"), new Ender(transport), new Ender(transport));
			transport.checkNothingIsLeft();
			transport.check(transport.ends.get() == 1 && !transport.sentAfterTheEnd, "Not one end, or not the last");
		});
	}

	private static final class Transport extends SilentServerCall<Message, String> {

		private final Queue<String> events = new ConcurrentLinkedQueue<>();

		private final AtomicInteger ends = new AtomicInteger();

		private final WatchCall<Message, String> call = new WatchCall<>(this);

		private volatile boolean ready;

		private volatile boolean sending;

		private volatile boolean sentByTwo;

		private volatile boolean sentAfterTheEnd;

		Transport(boolean ready) {
			this.ready = ready;
		}

		void checkNothingIsLeft() {
			int before = this.events.size();
			this.call.flush();
			check(this.events.size() == before, "Something was left");
			check(!this.sentByTwo, "Two threads sent at the same time");
		}

		void check(boolean holds, String message) {
			if (!holds) {
				throw new IllegalStateException("%s: %s".formatted(message, this.events));
			}
		}

		private void transmit(String event) {
			this.sentByTwo |= this.sending;
			this.sending = true;
			this.sentAfterTheEnd |= this.ends.get() > 0;
			this.events.add(event);
			this.sending = false;
		}

		@Override
		public void sendMessage(String message) {
			transmit(message);
		}

		@Override
		public void close(Status status, Metadata trailers) {
			transmit("end");
			this.ends.incrementAndGet();
		}

		@Override
		public boolean isReady() {
			return this.ready;
		}

	}

	private static final class Sender extends Thread {

		private final Transport transport;

		private final String message;

		Sender(Transport transport, String message) {
			this.transport = transport;
			this.message = message;
		}

		@Override
		public void run() {
			this.transport.call.sendMessage(this.message);
		}

	}

	private static final class Readiness extends Thread {

		private final Transport transport;

		Readiness(Transport transport) {
			this.transport = transport;
		}

		@Override
		public void run() {
			this.transport.ready = true;
			this.transport.call.flush();
		}

	}

	private static final class Ender extends Thread {

		private final Transport transport;

		Ender(Transport transport) {
			this.transport = transport;
		}

		@Override
		public void run() {
			this.transport.call.end();
		}

	}

}
