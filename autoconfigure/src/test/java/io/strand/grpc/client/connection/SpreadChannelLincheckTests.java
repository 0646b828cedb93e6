package io.strand.grpc.client.connection;

import java.util.List;

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
 * Tries the interleavings of calls that choose a connection of a {@link SpreadChannel}:
 * each takes the one with the least calls, and counts there as long as it has a stream.
 */
@Tag("lincheck")
class SpreadChannelLincheckTests {

	private static final MethodDescriptor<Message, Message> UNARY = EchoGrpc.getUnaryMethod();

	private static final MethodDescriptor<Message, Message> STREAM = EchoGrpc.getBidiMethod();

	@Test
	void callsThatStartAtTheSameTimeTakeDifferentConnections() {
		Lincheck.runConcurrentTest(120, () -> {
			Spread spread = new Spread();
			LincheckThreads.run(new Starter(spread), new Starter(spread));
			spread.checkCalls(1, 1);
		});
	}

	@Test
	void callThatStartsWhileOthersEndIsCounted() {
		Lincheck.runConcurrentTest(120, () -> {
			Spread spread = new Spread();
			FakeCall<?, ?> first = spread.start(UNARY, 0);
			FakeCall<?, ?> second = spread.start(UNARY, 1);
			LincheckThreads.run(first.ender(), second.ender(), new Starter(spread));
			spread.endAll();
			spread.checkNoneCounts();
		});
	}

	@Test
	void retriedCallThatEndsMeanwhileDoesNotCountAnyMore() {
		Lincheck.runConcurrentTest(120, () -> {
			Spread spread = new Spread();
			FakeCall<?, ?> call = spread.start(STREAM, 0);
			Retry retry = new Retry(call);
			LincheckThreads.run(retry, call.ender());
			spread.checkNoneCounts();
			spread.endAll();
			retry.second.streamClosed(Status.OK);
			spread.checkNoneCounts();
		});
	}

	/** Two connections. */
	private static final class Spread {

		private final List<FakeChannel> channels = List.of(new FakeChannel(), new FakeChannel());

		private final SpreadChannel spread = new SpreadChannel(List.copyOf(this.channels), () -> 0);

		void start() {
			start(UNARY);
		}

		/** Starts a call, which takes a connection that the test knows. */
		FakeCall<?, ?> start(MethodDescriptor<Message, Message> method, int connection) {
			start(method);
			return this.channels.get(connection).calls().remove();
		}

		private void start(MethodDescriptor<Message, Message> method) {
			this.spread.newCall(method, CallOptions.DEFAULT).start(new ClientCall.Listener<>() {
			}, new Metadata());
		}

		void endAll() {
			for (FakeChannel channel : this.channels) {
				channel.calls().forEach((call) -> call.end());
				channel.calls().clear();
			}
		}

		/**
		 * If one did, the next two would not take the first connection and the second.
		 */
		void checkNoneCounts() {
			start();
			checkCalls(1, 0);
			start();
			checkCalls(1, 1);
		}

		void checkCalls(int onFirst, int onSecond) {
			int first = this.channels.get(0).calls().size();
			int second = this.channels.get(1).calls().size();
			if (first != onFirst || second != onSecond) {
				throw new IllegalStateException(
						"%d and %d calls, not %d and %d".formatted(first, second, onFirst, onSecond));
			}
		}

	}

	private static final class Starter extends Thread {

		private final Spread spread;

		Starter(Spread spread) {
			this.spread = spread;
		}

		@Override
		public void run() {
			this.spread.start();
		}

	}

	private static final class Retry extends Thread {

		private final FakeCall<?, ?> call;

		private final ClientStreamTracer first;

		private ClientStreamTracer second;

		Retry(FakeCall<?, ?> call) {
			this.call = call;
			this.first = call.openStream();
		}

		@Override
		public void run() {
			this.first.streamClosed(Status.UNAVAILABLE);
			this.second = this.call.openStream();
		}

	}

}
