package io.strand.grpc.autoconfigure.observation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.strand.grpc.observation.PinnedThreadMeters;
import io.strand.grpc.observation.ServerArrivals;
import io.strand.grpc.observation.ServerMeters;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.BlockingStockService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.RawConnection;
import io.strand.grpc.testing.SlowClient;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The meters of the server.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcServerMetersTests {

	private static final Message LARGE = Message.newBuilder()
		.setPayload(ByteString.copyFrom(new byte[100_000]))
		.build();

	private final MeterRegistry registry = new SimpleMeterRegistry();

	private final EchoHandlers handlers = new EchoHandlers();

	private final BlockingStockService stock = new BlockingStockService();

	private final ApplicationContextRunner runner = ObservedServer.runner()
		.withBean(EchoHandlers.class, () -> this.handlers)
		.withBean(BlockingStockService.class, () -> this.stock);

	@Test
	void callsThatRunThatWaitAndThatAreRefused() {
		this.runner
			.withPropertyValues("strand.server.services[strand.testing.Stock].max-concurrent-calls=1",
					"strand.server.services[strand.testing.Stock].max-wait=5s")
			.run((context) -> {
				bind(context);
				try (TestClient client = ObservedServer.client(context)) {
					assertThat(value("calls.running")).isZero();
					var first = client.stock().reserve(Message.getDefaultInstance());
					this.stock.awaitEntered();
					assertThat(value("calls.running")).isEqualTo(1);
					assertThat(value("calls.waiting")).isZero();
					var second = client.stock().reserve(Message.getDefaultInstance());
					await().until(() -> value("calls.waiting") == 1);
					assertThat(value("calls.running")).isEqualTo(1);
					await().until(second::isDone);
					// Its client is told first
					await().until(() -> value("calls.waiting") == 0);
					assertThat(refused("limit")).isEqualTo(1);
					this.stock.release();
					first.get(10, TimeUnit.SECONDS);
					await().until(() -> value("calls.running") == 0);
					assertThat(refused("limit")).isEqualTo(1);
					assertThat(refused("no_thread")).isZero();
				}
			});
	}

	@Test
	void connectionsThatAreOpen() {
		this.runner.withPropertyValues("strand.server.in-process.name=connections").run((context) -> {
			bind(context);
			assertThat(value("connections")).isZero();
			try (TestClient one = ObservedServer.client(context);
					TestClient other = ObservedServer.client(context);
					TestClient inProcess = TestClient.inProcess("connections")) {
				one.echo("hello");
				assertThat(value("connections")).isEqualTo(1);
				other.echo("hello");
				inProcess.echo("hello");
				assertThat(value("connections")).isEqualTo(3);
			}
			await().until(() -> value("connections") == 0);
		});
	}

	@Test
	void silentConnectionsAndThoseThatAreRefused() {
		this.runner.withPropertyValues("strand.server.limits.max-connections=1").run((context) -> {
			bind(context);
			int port = context.getBean(GrpcServer.class).getPort();
			assertThat(counted("connections.refused")).isZero();
			try (RawConnection silent = RawConnection.silent(port)) {
				await().until(() -> value("connections") == 1);
				for (int i = 0; i < 3; i++) {
					try (RawConnection further = RawConnection.silent(port)) {
						further.awaitClosed();
					}
				}
				assertThat(counted("connections.refused")).isEqualTo(3);
			}
			await().until(() -> value("connections") == 0);
		});
	}

	@Test
	void methodsThatNobodyServesAreCountedTogetherWhateverTheirNames() {
		this.runner.run((context) -> {
			bind(context);
			int before = this.registry.getMeters().size();
			try (TestClient client = ObservedServer.client(context)) {
				List<Outcome> outcomes = new ArrayList<>();
				for (int i = 0; i < 200; i++) {
					MethodDescriptor<Message, Message> unknown = EchoGrpc.getUnaryMethod()
						.toBuilder()
						.setFullMethodName((i % 2 == 0) ? "strand.testing.Echo/No" + i : "no.Service" + i + "/Unary")
						.build();
					outcomes.add(Outcome.of(client.channel(), unknown, CallOptions.DEFAULT, LARGE));
				}
				assertThat(outcomes).extracting((outcome) -> outcome.status().getCode())
					.containsOnly(Status.Code.UNIMPLEMENTED);
			}
			assertThat(refused("unknown_method")).isEqualTo(200);
			assertThat(this.registry.getMeters()).hasSize(before);
		});
	}

	@Test
	void theTimeThatSendersWaitForTheirClients() {
		this.handlers.serverStream((request, responses) -> {
			for (int i = 0; i < 40; i++) {
				responses.onNext(LARGE);
			}
			responses.onCompleted();
		});
		this.runner.run((context) -> {
			bind(context);
			try (TestClient client = ObservedServer.client(context)) {
				SlowClient slow = new SlowClient();
				EchoGrpc.newStub(client.channel()).serverStream(Message.getDefaultInstance(), slow);
				await().until(() -> value("senders.blocked") == 1);
				// It counts while nothing ends
				await().until(() -> counted("send.blocked") > 0);
				double first = counted("send.blocked");
				await().until(() -> counted("send.blocked") > first);
				double before = counted("send.blocked");
				slow.readAll();
				assertThat(slow.end().isOk()).isTrue();
				assertThat(value("senders.blocked")).isZero();
				assertThat(counted("send.blocked")).isGreaterThan(before).isLessThan(60);
			}
		});
	}

	@Test
	void messagesOfStreams() {
		this.runner.run((context) -> {
			bind(context);
			try (TestClient client = ObservedServer.client(context)) {
				client.echo("hello");
				for (int count : new int[] { 1, 3 }) {
					Message[] requests = new Message[count];
					Arrays.fill(requests, Message.getDefaultInstance());
					Outcome.of(client.channel(), EchoGrpc.getClientStreamMethod(), CallOptions.DEFAULT, requests)
						.status();
				}
				await().until(() -> this.registry.find("strand.server.stream.messages").summaries().size() == 2
						&& messages("ClientStream", "sent").count() == 2);
				assertThat(messages("ClientStream", "received").totalAmount()).isEqualTo(4);
				assertThat(messages("ClientStream", "received").max()).isEqualTo(3);
				assertThat(messages("ClientStream", "sent").totalAmount()).isEqualTo(2);
			}
		});
	}

	@Test
	void usesByTwoThreadsAtOnce() throws Exception {
		CountDownLatch refused = new CountDownLatch(1);
		this.handlers.serverStream((request, responses) -> {
			Thread other = new Thread(() -> sendUntilRefused(responses, refused));
			other.start();
			try {
				for (int i = 0; i < 40; i++) {
					responses.onNext(LARGE);
				}
				other.join();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			responses.onCompleted();
		});
		this.runner.withPropertyValues("strand.server.streams.concurrent-send=fail").run((context) -> {
			bind(context);
			try (TestClient client = ObservedServer.client(context)) {
				SlowClient slow = new SlowClient();
				EchoGrpc.newStub(client.channel()).serverStream(Message.getDefaultInstance(), slow);
				assertThat(refused.await(10, TimeUnit.SECONDS)).isTrue();
				assertThat(counted("concurrent.uses")).isPositive();
				slow.readAll();
				slow.end();
			}
		});
	}

	private static void sendUntilRefused(StreamObserver<Message> responses, CountDownLatch refused) {
		try {
			while (true) {
				responses.onNext(LARGE);
			}
		}
		catch (RuntimeException ex) {
			refused.countDown();
		}
	}

	@Test
	void metersEndWithTheContextAndOthersStay() {
		this.registry.counter("other").increment();
		this.runner.run((context) -> {
			bind(context);
			try (TestClient client = ObservedServer.client(context)) {
				Outcome.of(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT).status();
				await().until(() -> this.registry.find("strand.server.stream.messages").summary() != null);
			}
			assertThat(this.registry.getMeters()).hasSizeGreaterThan(8);
			assertThat(this.registry.getMeters()).extracting(Meter::getId)
				.allMatch((id) -> id.getDescription() != null || id.getName().equals("other"));
		});
		assertThat(this.registry.getMeters()).extracting((meter) -> meter.getId().getName()).containsExactly("other");
	}

	@Test
	void pinnedThreadsAreNotRecordedUnlessAskedFor() {
		this.runner.run((context) -> assertThat(context).doesNotHaveBean(PinnedThreadMeters.class));
	}

	@Test
	void withoutMicrometerThereAreNone() {
		this.runner.withClassLoader(new FilteredClassLoader("io.micrometer"))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(ServerArrivals.class));
	}

	@Test
	void withoutServerThereAreNone() {
		this.runner.withPropertyValues("strand.server.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(ServerMeters.class));
	}

	private void bind(ApplicationContext context) {
		context.getBean(ServerMeters.class).bindTo(this.registry);
	}

	private double value(String name) {
		return this.registry.get("strand.server." + name).gauge().value();
	}

	private double counted(String name) {
		return this.registry.get("strand.server." + name).functionCounter().count();
	}

	private double refused(String reason) {
		return this.registry.get("strand.server.calls.refused").tag("reason", reason).functionCounter().count();
	}

	private DistributionSummary messages(String method, String direction) {
		return this.registry.get("strand.server.stream.messages")
			.tag("method", "strand.testing.Echo/" + method)
			.tag("direction", direction)
			.summary();
	}

}
