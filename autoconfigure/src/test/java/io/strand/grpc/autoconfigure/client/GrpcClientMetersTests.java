package io.strand.grpc.autoconfigure.client;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import com.google.protobuf.ByteString;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.strand.grpc.call.ConcurrentStreamUseException;
import io.strand.grpc.client.ChannelSettings;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoImplBase;
import io.strand.grpc.testing.EchoGrpc.EchoStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.util.ReflectionTestUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * The meters of channels.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcClientMetersTests {

	private static final Message LARGE = Message.newBuilder()
		.setPayload(ByteString.copyFrom(new byte[100_000]))
		.build();

	private final MeterRegistry registry = new SimpleMeterRegistry();

	private final ApplicationContextRunner runner = ClientContext.runner()
		.withConfiguration(AutoConfigurations.of(GrpcClientMetersAutoConfiguration.class))
		.withUserConfiguration(Application.class);

	@Test
	void callsConnectionsAndStateOfAChannelAreMetered() {
		Gate gate = new Gate();
		try (RecordingServer server = RecordingServer.start(gate)) {
			this.runner
				.withPropertyValues("strand.client.channels.stock.target=" + server.target(),
						"strand.client.channels.default.target=in-process:nobody",
						"strand.client.channels.stock.services=strand.testing.Echo")
				.run((context) -> {
					context.getBean(GrpcClientMeters.class).bindTo(this.registry);
					assertThat(value("channel.state", "stock", "state", "IDLE")).isEqualTo(1);
					Answer answer = new Answer();
					context.getBean(EchoStub.class).unary(Message.getDefaultInstance(), answer);
					gate.entered.await(10, TimeUnit.SECONDS);
					assertThat(value("calls.active", "stock")).isEqualTo(1);
					assertThat(value("connections", "stock")).isEqualTo(1);
					await().until(() -> value("channel.state", "stock", "state", "READY") == 1);
					assertThat(value("channel.state", "stock", "state", "IDLE")).isZero();
					assertThat(value("calls.active", "default")).isZero();
					assertThat(value("connections", "default")).isZero();
					gate.open.countDown();
					await().until(() -> value("calls.active", "stock") == 0);
					assertThat(value("reconnects", "stock")).isZero();
				});
		}
	}

	@Test
	void aConnectionInThePlaceOfAnotherIsAReconnect() {
		try (RecordingServer server = RecordingServer.start(new EchoService())) {
			this.runner.withPropertyValues("strand.client.channels.default.target=" + server.target())
				.run((context) -> {
					context.getBean(GrpcClientMeters.class).bindTo(this.registry);
					for (int i = 0; i < 3; i++) {
						if (i > 0) {
							enterIdle(context.getBean(GrpcChannels.class));
							// Which gRPC keeps for five seconds
							await().atMost(Duration.ofSeconds(30)).until(() -> value("connections", "default") == 0);
						}
						Answer answer = new Answer();
						context.getBean(EchoStub.class).unary(Message.getDefaultInstance(), answer);
						assertThat(answer.over.await(10, TimeUnit.SECONDS)).isTrue();
						assertThat(value("connections", "default")).isEqualTo(1);
						assertThat(value("reconnects", "default")).isEqualTo(i);
					}
				});
		}
	}

	@Test
	void theTimeThatSendersWaitIsMetered() {
		Gate gate = new Gate();
		try (RecordingServer server = RecordingServer.start(NettyServerBuilder.forPort(0).flowControlWindow(65535),
				gate)) {
			this.runner
				.withPropertyValues("strand.client.channels.default.target=" + server.target(),
						"strand.client.channels.default.streams.blocking-send=true")
				.run((context) -> {
					context.getBean(GrpcClientMeters.class).bindTo(this.registry);
					StreamObserver<Message> requests = context.getBean(EchoStub.class).clientStream(new Answer());
					Thread sender = sendUntilItWaits(requests);
					// It counts while nothing ends
					await().until(() -> counted("send.blocked", "default") > 0);
					double before = counted("send.blocked", "default");
					gate.open.countDown();
					sender.join(Duration.ofSeconds(10).toMillis());
					assertThat(value("senders.blocked", "default")).isZero();
					assertThat(counted("send.blocked", "default")).isGreaterThan(before).isLessThan(60);
				});
		}
	}

	@Test
	void usesByTwoThreadsAtOnceAreMetered() {
		Gate gate = new Gate();
		try (RecordingServer server = RecordingServer.start(NettyServerBuilder.forPort(0).flowControlWindow(65535),
				gate)) {
			this.runner
				.withPropertyValues("strand.client.channels.default.target=" + server.target(),
						"strand.client.channels.default.streams.blocking-send=true",
						"strand.client.channels.default.streams.concurrent-send=fail")
				.run((context) -> {
					context.getBean(GrpcClientMeters.class).bindTo(this.registry);
					StreamObserver<Message> requests = context.getBean(EchoStub.class).clientStream(new Answer());
					Thread sender = sendUntilItWaits(requests);
					assertThat(counted("concurrent.uses", "default")).isZero();
					assertThatExceptionOfType(ConcurrentStreamUseException.class)
						.isThrownBy(() -> requests.onNext(LARGE));
					assertThat(counted("concurrent.uses", "default")).isEqualTo(1);
					gate.open.countDown();
					sender.join(Duration.ofSeconds(10).toMillis());
				});
		}
	}

	/** Has a thread send more than the server takes while it does not read. */
	private Thread sendUntilItWaits(StreamObserver<Message> requests) {
		Thread sender = new Thread(() -> {
			for (int i = 0; i < 20; i++) {
				requests.onNext(LARGE);
			}
			requests.onCompleted();
		});
		sender.start();
		// As long as the windows fill, for moments only
		await().pollInterval(Duration.ofMillis(5))
			.during(Duration.ofMillis(100))
			.until(() -> value("senders.blocked", "default") == 1);
		return sender;
	}

	@Test
	void channelsMadeAtRunTimeAreMeteredByTheirTargetWhileTheyAreOpen() {
		Gate gate = new Gate();
		try (RecordingServer server = RecordingServer.start(gate)) {
			this.runner.withPropertyValues("strand.client.channels.default.target=in-process:nobody").run((context) -> {
				GrpcChannels channels = context.getBean(GrpcChannels.class);
				ManagedChannel early = channels.create(server.target(), ChannelSettings.builder().build());
				context.getBean(GrpcClientMeters.class).bindTo(this.registry);
				Answer answer = new Answer();
				EchoGrpc.newStub(early).unary(Message.getDefaultInstance(), answer);
				gate.entered.await(10, TimeUnit.SECONDS);
				assertThat(value("calls.active", server.target())).isEqualTo(1);
				assertThat(value("connections", server.target())).isEqualTo(1);
				ManagedChannel same = channels.create(server.target(), ChannelSettings.builder().build());
				ManagedChannel other = channels.create("in-process:elsewhere", ChannelSettings.builder().build());
				assertThat(value("calls.active", server.target())).isEqualTo(1);
				assertThat(value("channel.state", "in-process:elsewhere", "state", "IDLE")).isEqualTo(1);
				early.shutdown();
				early.shutdownNow();
				other.shutdown();
				assertThat(meters("in-process:elsewhere")).isZero();
				assertThat(meters(server.target())).isPositive();
				same.shutdown();
				assertThat(meters(server.target())).isZero();
				channels.create(server.target(), ChannelSettings.builder().build());
				assertThat(meters(server.target())).isPositive();
				gate.open.countDown();
			});
		}
		assertThat(this.registry.getMeters()).isEmpty();
	}

	@Test
	void metersFollowChannelsThatComeAndGoInManyThreads() {
		this.runner.withPropertyValues("strand.client.channels.default.target=in-process:nobody").run((context) -> {
			GrpcChannels channels = context.getBean(GrpcChannels.class);
			context.getBean(GrpcClientMeters.class).bindTo(this.registry);
			int before = this.registry.getMeters().size();
			ConcurrentRun.of(4, (index) -> {
				for (int i = 0; i < 100; i++) {
					channels.create("in-process:shared", ChannelSettings.builder().build()).shutdownNow();
				}
			}).join(Duration.ofSeconds(60));
			assertThat(this.registry.getMeters()).hasSize(before);
			channels.create("in-process:shared", ChannelSettings.builder().build());
			assertThat(meters("in-process:shared")).isPositive();
		});
	}

	@Test
	void aChannelThatARefreshAddsIsMetered() {
		this.runner.withConfiguration(AutoConfigurations.of(GrpcClientRefreshAutoConfiguration.class))
			.withPropertyValues("strand.client.channels.default.target=in-process:nobody")
			.run((context) -> {
				context.getBean(GrpcClientMeters.class).bindTo(this.registry);
				String property = "strand.client.channels.added.target";
				TestPropertyValues.of(property + "=in-process:added").applyTo(context);
				context.publishEvent(new EnvironmentChangeEvent(context, Set.of(property)));
				assertThat(value("channel.state", "added", "state", "IDLE")).isEqualTo(1);
			});
	}

	@Test
	void callsThatRunOnWhatARefreshHasReplacedAreCounted() {
		Gate gate = new Gate();
		try (RecordingServer server = RecordingServer.start(gate)) {
			this.runner.withConfiguration(AutoConfigurations.of(GrpcClientRefreshAutoConfiguration.class))
				.withPropertyValues("strand.client.channels.default.target=" + server.target())
				.run((context) -> {
					context.getBean(GrpcClientMeters.class).bindTo(this.registry);
					context.getBean(EchoStub.class).unary(Message.getDefaultInstance(), new Answer());
					gate.entered.await(10, TimeUnit.SECONDS);
					String property = "strand.client.channels.default.user-agent";
					TestPropertyValues.of(property + "=after").applyTo(context);
					context.publishEvent(new EnvironmentChangeEvent(context, Set.of(property)));
					assertThat(value("calls.active", "default")).isEqualTo(1);
					assertThat(value("channel.state", "default", "state", "IDLE")).isEqualTo(1);
					context.getBean(EchoStub.class).unary(Message.getDefaultInstance(), new Answer());
					assertThat(value("calls.active", "default")).isEqualTo(2);
					gate.open.countDown();
				});
		}
	}

	private int meters(String channel) {
		return this.registry.find("strand.client.connections").tag("channel", channel).meters().size();
	}

	@Test
	void metersEndWithTheContextAndOthersStay() {
		this.registry.counter("other").increment();
		this.runner.withPropertyValues("strand.client.channels.default.target=in-process:nobody").run((context) -> {
			context.getBean(GrpcClientMeters.class).bindTo(this.registry);
			assertThat(this.registry.getMeters()).hasSizeGreaterThan(5);
			assertThat(this.registry.getMeters()).extracting(Meter::getId)
				.allMatch((id) -> id.getDescription() != null || id.getName().equals("other"));
		});
		assertThat(this.registry.getMeters()).extracting((meter) -> meter.getId().getName()).containsExactly("other");
	}

	@Test
	void anApplicationWithoutServerHasNoMetersOfAChannelToIt() {
		this.runner.withPropertyValues("strand.client.channels.default.target=in-process:nobody").run((context) -> {
			context.getBean(GrpcClientMeters.class).bindTo(this.registry);
			assertThat(this.registry.find("strand.client.connections").tag("channel", "self").gauge()).isNull();
			assertThat(this.registry.find("strand.client.connections").tag("channel", "default").gauge()).isNotNull();
		});
	}

	private static void enterIdle(GrpcChannels channels) {
		Object activity = channels.activities()
			.stream()
			.filter((one) -> one.channelName().equals(GrpcChannels.DEFAULT))
			.findFirst()
			.orElseThrow();
		Set<?> open = (Set<?>) ReflectionTestUtils.getField(activity, "channels");
		assertThat(open).hasSize(1);
		ManagedChannel made = (ManagedChannel) open.iterator().next();
		assertThat(made.getState(false)).isEqualTo(ConnectivityState.READY);
		made.enterIdle();
	}

	private double value(String name, String channel, String... tags) {
		return this.registry.get("strand.client." + name)
			.tag("channel", channel)
			.tags(tags)
			.meter()
			.measure()
			.iterator()
			.next()
			.getValue();
	}

	private double counted(String name, String channel) {
		return this.registry.get("strand.client." + name).tag("channel", channel).functionCounter().count();
	}

	/** Answers unary calls, and reads streams, when it is told to. */
	private static final class Gate extends EchoImplBase {

		private final CountDownLatch entered = new CountDownLatch(1);

		private final CountDownLatch open = new CountDownLatch(1);

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			this.entered.countDown();
			pass();
			responses.onNext(request);
			responses.onCompleted();
		}

		@Override
		public StreamObserver<Message> clientStream(StreamObserver<Message> responses) {
			return new StreamObserver<>() {

				@Override
				public void onNext(Message request) {
					pass();
				}

				@Override
				public void onError(Throwable ex) {
				}

				@Override
				public void onCompleted() {
					responses.onNext(Message.getDefaultInstance());
					responses.onCompleted();
				}

			};
		}

		private void pass() {
			try {
				this.open.await(10, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

	}

	private static final class Answer implements StreamObserver<Message> {

		private final CountDownLatch over = new CountDownLatch(1);

		@Override
		public void onNext(Message response) {
		}

		@Override
		public void onError(Throwable ex) {
			this.over.countDown();
		}

		@Override
		public void onCompleted() {
			this.over.countDown();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Application {

		@Bean
		Object caller(EchoStub echo) {
			return "has a stub";
		}

	}

}
