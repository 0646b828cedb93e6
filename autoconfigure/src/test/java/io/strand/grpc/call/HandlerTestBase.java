package io.strand.grpc.call;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.ServerBuilder;
import io.grpc.ServerInterceptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Starts servers for a test, and looks after it for what they left behind: calls, places
 * at limits, threads.
 */
@ExtendWith(LeakCheckExtension.class)
abstract class HandlerTestBase {

	static final MethodDescriptor<Message, Message> UNARY = EchoGrpc.getUnaryMethod();

	static final MethodDescriptor<Message, Message> BIDI = EchoGrpc.getBidiMethod();

	static final boolean VIRTUAL = Runtime.version().feature() >= 21;

	static {
		Awaitility.setDefaultPollDelay(Duration.ZERO);
		Awaitility.setDefaultPollInterval(Duration.ofMillis(5));
	}

	private final List<EngineServer> servers = new ArrayList<>();

	private final List<CallLimit> limits = new ArrayList<>();

	@AfterEach
	void nothingIsLeftBehind() throws Exception {
		for (EngineServer server : this.servers) {
			if (server.server().isShutdown()) {
				continue;
			}
			await().atMost(Duration.ofSeconds(10))
				.untilAsserted(() -> assertThat(server.engine().liveCalls()).isEmpty());
		}
		for (EngineServer server : this.servers) {
			server.close();
			await().atMost(Duration.ofSeconds(10))
				.untilAsserted(() -> assertThat(server.engine().liveCalls()).isEmpty());
		}
		assertThat(this.limits).allSatisfy((limit) -> assertThat(limit.running()).isZero());
	}

	final EngineServer serve(Kind kind, HandlerSettings settings, BindableService... services) {
		return serve(kind, settings, List.of(), services);
	}

	final EngineServer serve(Kind kind, HandlerSettings settings, List<ServerInterceptor> interceptors,
			BindableService... services) {
		return keep(new EngineServer(kind, settings, interceptors, services));
	}

	final EngineServer serve(Kind kind, Function<MethodDescriptor<?, ?>, HandlerSettings> settings, int maxThreads,
			List<ServerInterceptor> interceptors, BindableService... services) {
		return keep(new EngineServer(kind, settings, maxThreads, interceptors, UnaryOperator.identity(), services));
	}

	final EngineServer serve(Kind kind, UnaryOperator<NettyChannelBuilder> client, BindableService... services) {
		return keep(new EngineServer(kind, HandlerSettings.DEFAULT, List.of(), client, services));
	}

	final EngineServer serveConfigured(Kind kind, Consumer<ServerBuilder<?>> configurer, BindableService... services) {
		return keep(new EngineServer(kind, configurer, services));
	}

	private EngineServer keep(EngineServer server) {
		this.servers.add(server);
		return server;
	}

	final CallLimit limit(String name, int count) {
		CallLimit limit = new CallLimit(name, count);
		this.limits.add(limit);
		return limit;
	}

	static HandlerSettings with(Duration maxWait, CallLimit... limits) {
		return new HandlerSettings(Threading.AUTO, true, ConcurrentSend.SERIALIZE, null,
				HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(limits), maxWait);
	}

	static HandlerSettings with(Threading threading, boolean interruptOnCancel) {
		return new HandlerSettings(threading, interruptOnCancel, ConcurrentSend.SERIALIZE, null,
				HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(), Duration.ZERO);
	}

	static boolean isOwnThread(Kind kind) {
		return VIRTUAL && kind != Kind.STRAND_NETTY_PLATFORM;
	}

	static boolean isVirtual(Thread thread) {
		try {
			return VIRTUAL && (boolean) Thread.class.getMethod("isVirtual").invoke(thread);
		}
		catch (ReflectiveOperationException ex) {
			throw new IllegalStateException(ex);
		}
	}

	static CallOptions in(long millis) {
		return CallOptions.DEFAULT.withDeadlineAfter(millis, TimeUnit.MILLISECONDS);
	}

	static CallOptions soon() {
		return in(40_000);
	}

	static Message text(String text) {
		return Message.newBuilder().setText(text).build();
	}

	static Outcome call(EngineServer server, String text) {
		return Outcome.of(server.channel(), UNARY, soon(), text(text));
	}

	static void assertAnswers(EngineServer server, String text) {
		Outcome outcome = call(server, text);
		assertThat(outcome.status().isOk()).as("status %s", outcome.status()).isTrue();
		assertThat(outcome.messages()).containsExactly(text(text));
	}

	static void within(CountDownLatch latch) {
		try {
			assertThat(latch.await(10, TimeUnit.SECONDS)).as("opened in time").isTrue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException("interrupted", ex);
		}
	}

	/** Waits as a handler does that cares for no interrupt. */
	static void stubbornly(CountDownLatch latch) {
		while (latch.getCount() > 0) {
			try {
				latch.await();
			}
			catch (InterruptedException ex) {
				// That is the point
			}
		}
	}

}
