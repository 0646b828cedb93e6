package io.strand.grpc.client.connection;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.IntStream;

import io.grpc.ConnectivityState;
import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.client.method.ChannelMethods;
import io.strand.grpc.client.method.MethodSettings;
import io.strand.grpc.client.method.RetryPolicy;
import io.strand.grpc.client.method.ServiceConfig;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.FreePort;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Which connection a call takes.
 */
@ExtendWith(LeakCheckExtension.class)
class SpreadChannelTests {

	private static final int STREAMS = 100;

	private final Queue<StreamObserver<Message>> waiting = new ConcurrentLinkedQueue<>();

	/** How many of the streams that come fail. */
	private final AtomicInteger refused = new AtomicInteger();

	private final CountDownLatch cancelled = new CountDownLatch(1);

	private final RecordingServer server = serverAt(0);

	private final List<AutoCloseable> opened = new ArrayList<>(List.of(this.server));

	@AfterEach
	void close() throws Exception {
		for (AutoCloseable each : this.opened) {
			each.close();
		}
	}

	@RepeatedTest(3)
	@DisplayName("C5: a thousand calls at a time over ten connections of a hundred each")
	void callsAreSpreadEvenly() {
		// Its clock stands still, so that no connection takes too long to be made
		SpreadChannel channel = opened(new SpreadChannel(
				IntStream.range(0, 10).mapToObj((i) -> channel(this.server.port())).toList(), () -> 0));
		CountDownLatch answered = new CountDownLatch(1000);
		ConcurrentRun.of(20, (index) -> {
			for (int i = 0; i < 50; i++) {
				EchoGrpc.newStub(channel).unary(text("hold"), new Counting(answered));
			}
		}).join(Duration.ofSeconds(60));
		// None would come after the hundredth of its connection before another is
		// answered
		await().atMost(Duration.ofSeconds(60)).until(() -> this.waiting.size() == 1000);
		assertThat(this.server.connections()).isEqualTo(10);
		this.waiting.forEach((responses) -> EchoHandlers.echo(text("at last"), responses));
		await().atMost(Duration.ofSeconds(60)).until(() -> answered.getCount() == 0);
	}

	@Test
	void callsOneAfterTheOtherTakeOneConnection() {
		SpreadChannel channel = spread(IntStream.range(0, 4).mapToObj((i) -> channel(this.server.port())).toList());
		for (int i = 0; i < 20; i++) {
			echo(channel);
		}
		assertThat(this.server.connections()).isEqualTo(1);
		assertThat(channel.getState(false)).isEqualTo(ConnectivityState.READY);
	}

	@Test
	void aConnectionThatFailsIsLeftOutUntilItIsBack() {
		int freePort = FreePort.find();
		ManagedChannel failing = channel(freePort);
		SpreadChannel channel = spread(List.of(failing, channel(this.server.port())));
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> echo(channel))
			.withMessageStartingWith("UNAVAILABLE");
		await().until(() -> failing.getState(false) != ConnectivityState.CONNECTING);
		// Which the channel is told a moment later
		await().ignoreExceptionsInstanceOf(StatusRuntimeException.class).until(() -> {
			echo(channel);
			return true;
		});
		int before = this.server.calls().size();
		for (int i = 0; i < 50; i++) {
			echo(channel);
		}
		assertThat(this.server.calls()).hasSize(before + 50);
		RecordingServer back = serverAt(freePort);
		this.opened.add(back);
		failing.resetConnectBackoff();
		await().until(() -> failing.getState(false) == ConnectivityState.READY);
		await().until(() -> {
			echo(channel);
			return !back.calls().isEmpty();
		});
	}

	@Test
	void ifAllFailTheCallFailsAsGrpcHasItFail() {
		int freePort = FreePort.find();
		SpreadChannel channel = spread(List.of(channel(freePort), channel(freePort)));
		for (int i = 0; i < 10; i++) {
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> echo(channel))
				.withMessageStartingWith("UNAVAILABLE");
		}
	}

	@Test
	void aConnectionThatTakesTooLongToBeMadeIsLeftOut() throws IOException {
		AtomicLong clock = new AtomicLong();
		try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
			ManagedChannel connecting = channel(silent.getLocalPort());
			SpreadChannel channel = new SpreadChannel(List.of(channel(this.server.port()), connecting), clock::get);
			opened(channel);
			for (int i = 0; i < SpreadChannel.ENOUGH_CALLS; i++) {
				EchoGrpc.newStub(channel).unary(text("hold"), new Counting(new CountDownLatch(1)));
				int calls = i + 1;
				await().until(() -> this.waiting.size() == calls);
			}
			assertThat(connecting.getState(false)).isEqualTo(ConnectivityState.CONNECTING);
			clock.addAndGet(Connection.PATIENCE.toNanos() + 1);
			echo(channel);
		}
	}

	@Test
	void aStreamWhoseReaderHasGoneDoesNotCount() throws Exception {
		SpreadChannel channel = spread(List.of(channel(this.server.port()), channel(this.server.port())));
		CancellableContext reader = Context.current().withCancellation();
		reader.call(() -> EchoGrpc.newBlockingV2Stub(channel).serverStream(text("hold")).read());
		reader.cancel(null);
		// Closed by the client before the server is told
		assertThat(this.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
		for (int i = 0; i < 50; i++) {
			echo(channel);
		}
		assertThat(this.server.connections()).isEqualTo(1);
	}

	@Test
	void aStreamThatIsMadeAgainCounts() {
		Supplier<ManagedChannel> retrying = () -> NettyChannelBuilder.forAddress("localhost", this.server.port())
			.usePlaintext()
			.defaultServiceConfig(
					new ServiceConfig()
						.methods(
								ChannelMethods
									.of(MethodSettings.builder()
										.retry(new RetryPolicy(null, 2, Duration.ofNanos(1), Duration.ofNanos(1), null,
												null))
										.build(), Map.of())
									.resolve("test", (reason, remedy) -> new IllegalStateException(reason)))
						.toMap())
			.build();
		SpreadChannel channel = spread(List.of(retrying.get(), retrying.get()));
		this.refused.set(1);
		Iterator<Message> stream = EchoGrpc.newBlockingStub(channel)
			.withDeadlineAfter(1, TimeUnit.MINUTES)
			.serverStream(text("hold"));
		assertThat(stream.next()).isNotNull();
		assertThat(this.refused).hasValue(0);
		// The next call finds the connection in use, and has the other one connect
		await().until(() -> {
			echo(channel);
			return this.server.connections() == 2;
		});
	}

	@Test
	void itIsClosedWhenAllAre() throws InterruptedException {
		ManagedChannel first = channel(this.server.port());
		SpreadChannel channel = spread(List.of(first, channel(this.server.port())));
		echo(channel);
		first.shutdown();
		assertThat(channel.isShutdown()).isFalse();
		channel.shutdown();
		assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
		assertThat(channel.isTerminated()).isTrue();
		assertThat(channel.getState(false)).isEqualTo(ConnectivityState.SHUTDOWN);
	}

	@Test
	void aChangeOfTheBestStateIsTold() throws InterruptedException {
		SpreadChannel channel = spread(List.of(channel(this.server.port()), channel(this.server.port())));
		CountDownLatch told = new CountDownLatch(1);
		channel.notifyWhenStateChanged(ConnectivityState.IDLE, told::countDown);
		echo(channel);
		assertThat(told.await(5, TimeUnit.SECONDS)).isTrue();
	}

	private RecordingServer serverAt(int port) {
		return RecordingServer.start(NettyServerBuilder.forPort(port, InsecureServerCredentials.create())
			.maxConcurrentCallsPerConnection(STREAMS), new EchoHandlers().unary((request, responses) -> {
				if (request.getText().equals("hold")) {
					this.waiting.add(responses);
				}
				else {
					EchoHandlers.echo(request, responses);
				}
			}).serverStream(this::hold));
	}

	/** Sends one message, and no end. */
	private void hold(Message request, StreamObserver<Message> responses) {
		if (this.refused.getAndUpdate((count) -> Math.max(count - 1, 0)) > 0) {
			responses.onError(Status.UNAVAILABLE.asRuntimeException());
			return;
		}
		((ServerCallStreamObserver<Message>) responses).setOnCancelHandler(this.cancelled::countDown);
		responses.onNext(request);
	}

	private SpreadChannel spread(List<ManagedChannel> channels) {
		return opened(new SpreadChannel(channels));
	}

	private SpreadChannel opened(SpreadChannel channel) {
		this.opened.add(() -> channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS));
		return channel;
	}

	private static ManagedChannel channel(int port) {
		return NettyChannelBuilder.forAddress("localhost", port).usePlaintext().build();
	}

	private static void echo(ManagedChannel channel) {
		EchoGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS).unary(text("hello"));
	}

	private static Message text(String text) {
		return Message.newBuilder().setText(text).build();
	}

	private record Counting(CountDownLatch answered) implements StreamObserver<Message> {

		@Override
		public void onNext(Message message) {
			this.answered.countDown();
		}

		@Override
		public void onError(Throwable error) {
			// Seen as a call that was not answered
		}

		@Override
		public void onCompleted() {
		}

	}

}
