package io.strand.grpc.client;

import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.FakeCall;
import io.strand.grpc.testing.FakeChannel;
import io.strand.grpc.testing.LincheckThreads;
import io.strand.grpc.testing.Message;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of {@link InFlightCalls}: that the last call has ended is told
 * once and not before, and no call counts for longer than it lasts.
 */
@Tag("lincheck")
class InFlightCallsLincheckTests {

	private static final MethodDescriptor<Message, Message> UNARY = EchoGrpc.getUnaryMethod();

	private static final MethodDescriptor<Message, Message> STREAM = EchoGrpc.getBidiMethod();

	@Test
	void endOfTheLastCallIsToldOnce() {
		Lincheck.runConcurrentTest(120, () -> {
			Calls calls = new Calls();
			FakeCall<?, ?> first = calls.start(UNARY);
			FakeCall<?, ?> second = calls.start(UNARY);
			LincheckThreads.run(first.ender(), second.ender(), new Closer(calls));
			calls.check(0);
			check(calls.calls.isNone() && calls.told.get() == 1, "Told %d times".formatted(calls.told.get()));
		});
	}

	@Test
	void channelThatIsClosedTwiceWaitsForItsCallsAllTheSame() {
		Lincheck.runConcurrentTest(120, () -> {
			Calls calls = new Calls();
			FakeCall<?, ?> call = calls.start(UNARY);
			LincheckThreads.run(new Closer(calls), new Closer(calls));
			calls.check(1);
			check(!calls.calls.isNone() && calls.told.get() == 0, "Told too early");
			call.end();
			check(calls.calls.isNone() && calls.told.get() == 1, "Told %d times".formatted(calls.told.get()));
		});
	}

	@Test
	void callWhoseStartFailsWhileItsEndIsToldEndsOnce() {
		Lincheck.runConcurrentTest(120, () -> {
			Calls calls = new Calls();
			ClientCall<Message, Message> call = calls.calls.newCall(calls.channel, UNARY, CallOptions.DEFAULT);
			FakeCall<?, ?> real = calls.channel.calls().remove();
			Thread ender = real.ender();
			real.failToStart(ender);
			startInVain(call);
			LincheckThreads.join(ender);
			calls.check(0);
			check(calls.told.get() == 0, "Told too early");
			calls.calls.close();
			check(calls.told.get() == 1, "Told %d times".formatted(calls.told.get()));
		});
	}

	@Test
	void callWhoseStreamClosesWhileItEndsDoesNotCountAnyMore() {
		Lincheck.runConcurrentTest(120, () -> {
			Calls calls = new Calls();
			FakeCall<?, ?> call = calls.start(STREAM);
			FakeCall<?, ?> other = calls.start(UNARY);
			LincheckThreads.run(new StreamOfARetriedCall(call), call.ender());
			calls.check(1);
			other.end();
			calls.check(0);
		});
	}

	private static void startInVain(ClientCall<Message, Message> call) {
		try {
			call.start(new ClientCall.Listener<>() {
			}, new Metadata());
		}
		catch (IllegalStateException ex) {
			// As the test wants it
		}
	}

	private static void check(boolean holds, String message) {
		if (!holds) {
			throw new IllegalStateException(message);
		}
	}

	private static final class Calls implements Runnable {

		private final AtomicInteger told = new AtomicInteger();

		private final InFlightCalls calls = new InFlightCalls(this);

		private final FakeChannel channel = new FakeChannel();

		FakeCall<?, ?> start(MethodDescriptor<Message, Message> method) {
			ClientCall<Message, Message> call = this.calls.newCall(this.channel, method, CallOptions.DEFAULT);
			call.start(new ClientCall.Listener<>() {
			}, new Metadata());
			return this.channel.calls().remove();
		}

		@Override
		public void run() {
			this.told.incrementAndGet();
		}

		void check(int expected) {
			InFlightCallsLincheckTests.check(this.calls.current() == expected,
					"%d calls in flight, not %d".formatted(this.calls.current(), expected));
		}

	}

	private static final class Closer extends Thread {

		private final Calls calls;

		Closer(Calls calls) {
			this.calls = calls;
		}

		@Override
		public void run() {
			this.calls.calls.close();
		}

	}

	private static final class StreamOfARetriedCall extends Thread {

		private final FakeCall<?, ?> call;

		private final ClientStreamTracer first;

		StreamOfARetriedCall(FakeCall<?, ?> call) {
			this.call = call;
			this.first = call.openStream();
		}

		@Override
		public void run() {
			this.first.streamClosed(Status.UNAVAILABLE);
			this.call.openStream().streamClosed(Status.OK);
		}

	}

}
