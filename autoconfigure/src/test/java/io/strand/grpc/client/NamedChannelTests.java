package io.strand.grpc.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * The states of a channel, and the races between them.
 */
class NamedChannelTests {

	private final AtomicInteger made = new AtomicInteger();

	private final AtomicReference<ManagedChannel> last = new AtomicReference<>();

	@Test
	void aThreadThatIsInterruptedWhileItWaitsForTheChannelIsTold() throws InterruptedException {
		CountDownLatch making = new CountDownLatch(1);
		CountDownLatch go = new CountDownLatch(1);
		NamedChannel channel = new NamedChannel("slow", Duration.ZERO, () -> {
			making.countDown();
			awaitQuietly(go);
			return newChannel();
		});
		ConcurrentRun maker = ConcurrentRun.of(1, (index) -> call(channel));
		assertThat(making.await(10, TimeUnit.SECONDS)).isTrue();
		AtomicReference<Thread> waiting = new AtomicReference<>();
		ConcurrentRun waiter = ConcurrentRun.of(1, (index) -> {
			waiting.set(Thread.currentThread());
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> call(channel))
				.withMessage("CANCELLED: Interrupted while channel 'slow' was being made");
			assertThat(Thread.currentThread().isInterrupted()).isTrue();
		});
		await().until(() -> waiting.get() != null && waiting.get().getState() == Thread.State.WAITING);
		waiting.get().interrupt();
		waiter.join(Duration.ofSeconds(10));
		go.countDown();
		maker.join(Duration.ofSeconds(10));
		channel.shutdown();
	}

	@RepeatedTest(200)
	void aChannelThatIsMadeDuringTheShutdownIsShutDown() {
		NamedChannel channel = new NamedChannel("racing", Duration.ZERO, this::newChannel);
		ConcurrentRun.of(4, (index) -> {
			if (index == 0) {
				channel.shutdown();
			}
			else {
				call(channel);
			}
		}).join(Duration.ofSeconds(10));
		assertThat(this.made).hasValueLessThanOrEqualTo(1);
		if (this.made.get() == 1) {
			assertThat(this.last.get().isShutdown()).isTrue();
		}
	}

	@Test
	void nothingIsMadeAfterTheShutdown() {
		NamedChannel channel = new NamedChannel("closed", Duration.ZERO, this::newChannel);
		channel.shutdown();
		assertThatExceptionOfType(StatusRuntimeException.class)
			.isThrownBy(() -> EchoGrpc.newBlockingStub(channel).unary(Message.getDefaultInstance()))
			.withMessage("UNAVAILABLE: Channel 'closed' is closed, as is the application context it belongs to;"
					+ " strand.testing.Echo/Unary was not called");
		assertThat(this.made).hasValue(0);
		assertThat(channel.getIfMade()).isNull();
	}

	@RepeatedTest(200)
	void aChannelThatIsReplacedWhileItIsMadeIsShutDown() {
		List<ManagedChannel> all = new CopyOnWriteArrayList<>();
		NamedChannel channel = new NamedChannel("replaced", Duration.ZERO, () -> {
			ManagedChannel next = newChannel();
			all.add(next);
			return next;
		});
		List<ManagedChannel> retired = new CopyOnWriteArrayList<>();
		ConcurrentRun.of(4, (index) -> {
			if (index == 0) {
				channel.renew(Duration.ZERO, retired::add);
			}
			else {
				call(channel);
			}
		}).join(Duration.ofSeconds(10));
		assertThat(retired).hasSize(all.size() - ((channel.getIfMade() != null) ? 1 : 0));
		assertThat(retired).allMatch(ManagedChannel::isShutdown);
		assertThat(retired).doesNotContain(channel.getIfMade());
		channel.shutdown();
		assertThat(all).allMatch(ManagedChannel::isShutdown);
	}

	private ManagedChannel newChannel() {
		this.made.incrementAndGet();
		ManagedChannel channel = InProcessChannelBuilder.forName("nobody").build();
		this.last.set(channel);
		return channel;
	}

	private static void call(NamedChannel channel) {
		ClientCall<Message, Message> call = channel.newCall(EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT);
		call.start(new ClientCall.Listener<>() {
		}, new Metadata());
		call.cancel("only to have the channel made", null);
	}

	private static void awaitQuietly(CountDownLatch latch) {
		try {
			latch.await(10, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
