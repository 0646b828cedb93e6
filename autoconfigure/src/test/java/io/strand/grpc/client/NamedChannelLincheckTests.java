package io.strand.grpc.client;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.FakeChannel;
import io.strand.grpc.testing.LincheckThreads;
import io.strand.grpc.testing.Message;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of {@link NamedChannel}: no call starts on a channel that was
 * shut down, and no channel is left open that nobody can find.
 */
@Tag("lincheck")
class NamedChannelLincheckTests {

	private static final MethodDescriptor<Message, Message> UNARY = EchoGrpc.getUnaryMethod();

	@Test
	void firstCallsShareTheChannel() {
		Lincheck.runConcurrentTest(100, () -> {
			Channels channels = new Channels();
			LincheckThreads.run(new Starter(channels), new Starter(channels));
			channels.check(1, 0);
			check(channels.made.element().calls().size() == 2, "The calls did not start");
		});
	}

	@Test
	void callStartsOnOneOfBothWhenTheChannelIsReplaced() {
		Lincheck.runConcurrentTest(100, () -> {
			Channels channels = new Channels();
			channels.start();
			LincheckThreads.run(new Starter(channels), new Renewer(channels));
			channels.checkRetired();
			check(channels.retired.size() == 1, "The first channel was not shut down");
		});
	}

	@Test
	void channelThatIsReplacedWhileItIsMadeIsNotLeftOpen() {
		Lincheck.runConcurrentTest(100, () -> {
			Channels channels = new Channels();
			LincheckThreads.run(new Starter(channels), new Renewer(channels));
			channels.checkRetired();
		});
	}

	@Test
	void channelThatIsMadeDuringTheShutdownIsShutDown() {
		Lincheck.runConcurrentTest(100, () -> {
			Channels channels = new Channels();
			LincheckThreads.run(new Starter(channels), new Closer(channels));
			for (FakeChannel each : channels.made) {
				check(each.isShutdown(), "A channel is left open");
			}
		});
	}

	private static void check(boolean holds, String message) {
		if (!holds) {
			throw new IllegalStateException(message);
		}
	}

	private static final class Channels implements Supplier<ManagedChannel>, Consumer<ManagedChannel> {

		private final Queue<FakeChannel> made = new ConcurrentLinkedQueue<>();

		private final Queue<ManagedChannel> retired = new ConcurrentLinkedQueue<>();

		private final NamedChannel named = new NamedChannel("test", Duration.ZERO, this);

		@Override
		public ManagedChannel get() {
			FakeChannel channel = new FakeChannel();
			this.made.add(channel);
			return channel;
		}

		@Override
		public void accept(ManagedChannel channel) {
			this.retired.add(channel);
		}

		void start() {
			this.named.newCall(UNARY, CallOptions.DEFAULT).start(new ClientCall.Listener<>() {
			}, new Metadata());
		}

		void checkRetired() {
			check(this.made.size(), this.made.size() - ((this.named.getIfMade() != null) ? 1 : 0));
		}

		void check(int expected, int expectedRetired) {
			NamedChannelLincheckTests.check(this.made.size() == expected && this.retired.size() == expectedRetired,
					"%d channels were made, %d retired".formatted(this.made.size(), this.retired.size()));
			for (FakeChannel each : this.made) {
				NamedChannelLincheckTests.check(each.calls().stream().noneMatch((call) -> call.isStartedTooLate()),
						"A call started on a channel that was shut down");
				NamedChannelLincheckTests.check(each.isShutdown() == this.retired.contains(each),
						"A channel is shut down and not retired, or the other way round");
			}
		}

	}

	private static final class Starter extends Thread {

		private final Channels channels;

		Starter(Channels channels) {
			this.channels = channels;
		}

		@Override
		public void run() {
			this.channels.start();
		}

	}

	private static final class Renewer extends Thread {

		private final Channels channels;

		Renewer(Channels channels) {
			this.channels = channels;
		}

		@Override
		public void run() {
			this.channels.named.renew(Duration.ZERO, this.channels);
		}

	}

	private static final class Closer extends Thread {

		private final Channels channels;

		Closer(Channels channels) {
			this.channels = channels;
		}

		@Override
		public void run() {
			this.channels.named.shutdown();
		}

	}

}
