package io.strand.grpc.call;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Platform threads are the answer to handlers that keep a processor busy, so they must
 * not need a virtual thread to get started.
 */
@EnabledForJreRange(min = JRE.JAVA_21)
class PlatformStartTests extends HandlerTestBase {

	private static final MethodDescriptor<Message, Message> PLATFORM = EchoGrpc.getServerStreamMethod();

	@Test
	@DisplayName("H2: calls on platform threads start while busy virtual threads hold all carriers")
	void platformCallsReadTogetherStartWhileVirtualThreadsSpin() throws Exception {
		int carriers = Runtime.getRuntime().availableProcessors();
		AtomicBoolean stop = new AtomicBoolean();
		AtomicInteger spinning = new AtomicInteger();
		CountDownLatch reading = new CountDownLatch(1);
		CountDownLatch read = new CountDownLatch(1);
		EchoHandlers service = new EchoHandlers().unary((request, responses) -> {
			spinning.incrementAndGet();
			while (!stop.get()) {
				Thread.onSpinWait();
			}
			EchoHandlers.echo(request, responses);
		}).bidi((responses) -> {
			reading.countDown();
			within(read);
			return EchoHandlers.echoAll(responses);
		});
		EngineServer server = serve(Kind.STRAND_NETTY, PlatformStartTests::settings, 50, List.of(), service);
		NioEventLoopGroup group = new NioEventLoopGroup(1);
		ManagedChannel channel = server
			.newChannel((client) -> client.eventLoopGroup(group).channelType(NioSocketChannel.class));
		try {
			List<Outcome> outcomes = new ArrayList<>();
			for (int i = 1; i <= carriers; i++) {
				int spinners = i;
				outcomes.add(Outcome.of(server.channel(), UNARY, in(60_000), text("spin")));
				await().until(() -> spinning.get() == spinners);
			}
			// Keeps the connection's event loop until all calls are there to be read
			// together
			Outcome keeper = Outcome.open(channel, BIDI, soon());
			within(reading);
			List<Outcome> platform = new ArrayList<>();
			for (int i = 0; i < 10; i++) {
				platform.add(Outcome.of(channel, PLATFORM, soon(), text("platform")));
			}
			group.submit(() -> {
			}).get(5, TimeUnit.SECONDS);
			read.countDown();
			try {
				assertThat(platform)
					.allSatisfy((outcome) -> assertThat(outcome.status().isOk()).as("%s", outcome.status()).isTrue());
			}
			finally {
				stop.set(true);
				keeper.call().halfClose();
			}
			assertThat(outcomes).allSatisfy((outcome) -> assertThat(outcome.status().isOk()).isTrue());
		}
		finally {
			stop.set(true);
			channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
			group.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
		}
	}

	private static HandlerSettings settings(MethodDescriptor<?, ?> method) {
		if (method.getFullMethodName().equals(UNARY.getFullMethodName())) {
			return with(Threading.VIRTUAL, true);
		}
		return with(
				method.getFullMethodName().equals(BIDI.getFullMethodName()) ? Threading.EVENT_LOOP : Threading.PLATFORM,
				true);
	}

}
