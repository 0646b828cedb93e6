package io.strand.grpc.autoconfigure.actuate;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.strand.grpc.actuate.CallDescriptor;
import io.strand.grpc.actuate.ChannelDescriptor;
import io.strand.grpc.actuate.GrpcEndpoint;
import io.strand.grpc.actuate.GrpcEndpoint.GrpcDescriptor;
import io.strand.grpc.actuate.GrpcInfoContributor;
import io.strand.grpc.actuate.ConnectionsDescriptor;
import io.strand.grpc.actuate.ServerDescriptor;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.properties.StrandPropertiesAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcCallScopeAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.BlockingStockService;
import io.strand.grpc.testing.CounterGrpc.CounterBlockingStub;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoHandlers.RequestObserver;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.SlowClient;
import io.strand.grpc.testing.StockGrpc;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.availability.ApplicationAvailabilityAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * What operators see of server and channels, and can do to them.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcEndpointTests {

	private static final Message LARGE = Message.newBuilder()
		.setPayload(ByteString.copyFrom(new byte[100_000]))
		.build();

	private final EchoHandlers handlers = new EchoHandlers();

	private final BlockingStockService stock = new BlockingStockService();

	private final ApplicationContextRunner bare = new ApplicationContextRunner().withConfiguration(AutoConfigurations
		.of(SslAutoConfiguration.class, GrpcCallScopeAutoConfiguration.class, GrpcServerAutoConfiguration.class,
				GrpcClientAutoConfiguration.class, StrandPropertiesAutoConfiguration.class,
				ApplicationAvailabilityAutoConfiguration.class, GrpcEndpointAutoConfiguration.class,
				GrpcInfoAutoConfiguration.class, GrpcClientHealthAutoConfiguration.class));

	private final ApplicationContextRunner runner = this.bare.withBean(EchoHandlers.class, () -> this.handlers)
		.withBean(BlockingStockService.class, () -> this.stock)
		.withPropertyValues("strand.server.port=0", "management.endpoints.web.exposure.include=grpc");

	@Test
	void theServerIsShownWithServicesMethodsThreadingAndLimits() {
		this.runner
			.withPropertyValues("strand.server.in-process.name=shown", "strand.server.limits.max-concurrent-calls=500",
					"strand.server.handler.threading=platform",
					"strand.server.services[strand.testing.Stock].max-concurrent-calls=2",
					"strand.server.services[strand.testing.Stock].max-wait=3s",
					"strand.server.methods[strand.testing.Echo/Unary].threading=event-loop",
					"strand.server.methods[strand.testing.Echo/Unary].max-call-duration=5s",
					"strand.server.limits.max-connections=70", "strand.server.limits.max-connection-age=30m")
			.run((context) -> {
				ServerDescriptor server = all(context).server();
				int port = context.getBean(GrpcServer.class).getPort();
				assertThat(server.addresses()).hasSize(2).first().asString().contains(String.valueOf(port));
				assertThat(server.addresses().get(1)).contains("shown");
				assertThat(server.limits()).containsExactlyInAnyOrder(new ServerDescriptor.Limit("server", 500, 0),
						new ServerDescriptor.Limit("strand.testing.Stock", 2, 0));
				assertThat(server.connections())
					.isEqualTo(new ConnectionsDescriptor(0, 0, 70, 1000, 200, 30_000, 10_000, 900_000, 1_800_000));
				assertThat(server.services()).extracting(ServerDescriptor.Service::name)
					.containsExactly("strand.testing.Echo", "strand.testing.Stock");
				assertThat(server.services().get(0).methods()).containsExactly(
						new ServerDescriptor.Method("Bidi", "bidi_streaming", "platform", List.of("server"), 0, 0),
						new ServerDescriptor.Method("ClientStream", "client_streaming", "platform", List.of("server"),
								0, 0),
						new ServerDescriptor.Method("ServerStream", "server_streaming", "platform", List.of("server"),
								0, 0),
						new ServerDescriptor.Method("Unary", "unary", "event_loop", List.of("server"), 0, 5000));
				assertThat(server.services().get(1).methods()).containsExactly(new ServerDescriptor.Method("Reserve",
						"unary", "platform", List.of("server", "strand.testing.Stock"), 3000, 0));
				context.getBean(GrpcServer.class).stop();
				assertThat(all(context).server().addresses()).isEmpty();
			});
	}

	@Test
	void callsAreShownOldestFirstWithWhatTheyDo() {
		this.handlers.serverStream((request, responses) -> {
			for (int i = 0; i < 40; i++) {
				responses.onNext(LARGE);
			}
			responses.onCompleted();
		});
		this.runner.run((context) -> {
			try (TestClient client = client(context)) {
				Outcome bidi = Outcome.open(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
				bidi.call().sendMessage(Message.getDefaultInstance());
				await().until(() -> bidi.messages().size() == 1);
				SlowClient slow = new SlowClient();
				EchoGrpc.newStub(client.channel()).serverStream(Message.getDefaultInstance(), slow);
				await()
					.until(() -> calls(context).size() == 2 && calls(context).get(1).state().equals("blocked_sending"));
				// Blocked for good, not for moments as while the windows fill
				await().pollInterval(Duration.ofMillis(5))
					.during(Duration.ofMillis(100))
					.until(() -> calls(context).get(1).state().equals("blocked_sending")
							&& calls(context).get(1).blockedMillis() > 0);
				var reserved = client.stock().reserve(Message.getDefaultInstance());
				this.stock.awaitEntered();
				List<CallDescriptor> calls = calls(context);
				assertThat(calls).extracting(CallDescriptor::method)
					.containsExactly("strand.testing.Echo/Bidi", "strand.testing.Echo/ServerStream",
							"strand.testing.Stock/Reserve");
				assertThat(calls.get(0)).satisfies((call) -> {
					assertThat(call.state()).isEqualTo("waiting_for_message");
					assertThat(call.received()).isEqualTo(1);
					assertThat(call.sent()).isEqualTo(1);
					assertThat(call.peer()).contains("127.0.0.1");
					assertThat(call.stack()).isNull();
				});
				assertThat(calls.get(1)).satisfies((call) -> {
					assertThat(call.sent()).isPositive();
					assertThat(call.stateMillis()).isPositive().isLessThanOrEqualTo(call.ageMillis());
				});
				assertThat(calls.get(2).state()).isEqualTo("running");
				assertThat(calls.get(2).thread()).startsWith("grpc-call-");
				assertThat(all(context).calls().total()).isEqualTo(3);
				assertThat(all(context).server().runningCalls()).isEqualTo(3);
				slow.readAll();
				bidi.call().halfClose();
				this.stock.release();
				reserved.get(10, TimeUnit.SECONDS);
				await().until(() -> calls(context).isEmpty());
			}
		});
	}

	@Test
	void oneCallIsShownWithTheStackOfItsThread() {
		this.runner.run((context) -> {
			try (TestClient client = client(context)) {
				var reserved = client.stock().reserve(Message.getDefaultInstance());
				this.stock.awaitEntered();
				long id = calls(context).get(0).id();
				CallDescriptor call = endpoint(context).call("calls", id);
				assertThat(call.stack()).anyMatch((line) -> line.contains(BlockingStockService.class.getName()));
				assertThat(endpoint(context).call("calls", id + 1)).isNull();
				assertThat(endpoint(context).call("channels", id)).isNull();
				this.stock.release();
				reserved.get(10, TimeUnit.SECONDS);
			}
		});
	}

	@Test
	void partsAreShown() {
		this.runner.run((context) -> {
			GrpcEndpoint endpoint = endpoint(context);
			assertThat(endpoint.part("server")).isInstanceOf(ServerDescriptor.class);
			assertThat(endpoint.part("calls")).hasFieldOrPropertyWithValue("total", 0);
			assertThat(endpoint.part("channels")).isInstanceOf(List.class);
			assertThat(endpoint.part("other")).isNull();
		});
	}

	@Test
	void channelsAreShown() {
		this.runner.withUserConfiguration(Client.class)
			.withPropertyValues("strand.client.channels.default.target=self:",
					"strand.client.channels.away.target=static://127.0.0.1:1")
			.run((context) -> {
				assertThat(all(context).channels()).extracting(ChannelDescriptor::name)
					.containsExactlyInAnyOrder("default", "away", "self");
				assertThatExceptionOfType(RuntimeException.class)
					.isThrownBy(() -> context.getBean(CounterBlockingStub.class).next(Message.getDefaultInstance()));
				ChannelDescriptor used = channel(context, "default");
				assertThat(used.target()).isEqualTo("self:");
				assertThat(used.state()).isEqualTo("READY");
				assertThat(used.connections()).isEqualTo(1);
				assertThat(used.calls()).isZero();
				assertThat(channel(context, "away").state()).isEqualTo("IDLE");
			});
	}

	@Test
	void anApplicationWithoutServerShowsItsChannels() {
		this.bare.withUserConfiguration(Client.class)
			.withPropertyValues("management.endpoints.web.exposure.include=grpc",
					"strand.client.channels.default.target=in-process:nobody")
			.run((context) -> {
				assertThat(all(context).server()).isNull();
				assertThat(all(context).calls()).isNull();
				assertThat(all(context).channels()).extracting(ChannelDescriptor::name).containsExactly("default");
				assertThat(endpoint(context).part("server")).isNull();
				assertThatExceptionOfType(InvalidEndpointRequestException.class)
					.isThrownBy(() -> endpoint(context).act("drain"));
				assertThatExceptionOfType(InvalidEndpointRequestException.class)
					.isThrownBy(() -> endpoint(context).cancel("calls", 1));
			});
	}

	@Test
	void aCallIsCancelled() {
		CountDownLatch cancelled = new CountDownLatch(1);
		this.handlers.bidi((responses) -> {
			((ServerCallStreamObserver<Message>) responses).setOnCancelHandler(cancelled::countDown);
			return new RequestObserver((message) -> {
			}, () -> {
			});
		});
		this.runner.run((context) -> {
			try (TestClient client = client(context)) {
				Outcome unary = Outcome.of(client.channel(), StockGrpc.getReserveMethod(), CallOptions.DEFAULT,
						Message.getDefaultInstance());
				this.stock.awaitEntered();
				cancel(context, "strand.testing.Stock/Reserve");
				assertThat(unary.status().getCode()).isEqualTo(Status.Code.CANCELLED);
				assertThat(unary.status().getDescription()).isEqualTo("Cancelled by an operator of the server");
				this.stock.awaitInterrupted();
				Outcome bidi = Outcome.open(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
				// The call before may still be on its way out
				await().until(() -> calls(context).stream()
					.anyMatch((call) -> call.method().equals("strand.testing.Echo/Bidi")
							&& call.state().equals("waiting_for_message")));
				cancel(context, "strand.testing.Echo/Bidi");
				assertThat(bidi.status().getCode()).isEqualTo(Status.Code.CANCELLED);
				assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
				await().until(() -> calls(context).isEmpty());
				assertThat(endpoint(context).cancel("calls", 4711).cancelled()).isFalse();
				// As a stream, whose headers go out without a message
				Outcome incomplete = Outcome.open(client.channel(),
						EchoGrpc.getUnaryMethod().toBuilder().setType(MethodType.BIDI_STREAMING).build(),
						CallOptions.DEFAULT);
				await().until(() -> !calls(context).isEmpty());
				assertThat(calls(context).get(0).state()).isEqualTo("receiving");
				cancel(context, "strand.testing.Echo/Unary");
				assertThat(incomplete.status().getCode()).isEqualTo(Status.Code.CANCELLED);
				await().until(() -> calls(context).isEmpty());
			}
		});
	}

	@Test
	void aCallThatIsBlockedSendingIsCancelled() {
		this.handlers.serverStream((request, responses) -> {
			while (true) {
				responses.onNext(LARGE);
			}
		});
		this.runner.run((context) -> {
			try (TestClient client = client(context)) {
				SlowClient slow = new SlowClient();
				EchoGrpc.newStub(client.channel()).serverStream(Message.getDefaultInstance(), slow);
				await()
					.until(() -> calls(context).size() == 1 && calls(context).get(0).state().equals("blocked_sending"));
				cancel(context, "strand.testing.Echo/ServerStream");
				slow.readAll();
				assertThat(slow.end().getCode()).isEqualTo(Status.Code.CANCELLED);
				await().until(() -> calls(context).isEmpty());
			}
		});
	}

	@Test
	void aCallThatWaitsAtALimitIsCancelled() {
		this.runner
			.withPropertyValues("strand.server.limits.max-concurrent-calls=1", "strand.server.limits.max-wait=1m")
			.run((context) -> {
				try (TestClient client = client(context)) {
					var first = client.stock().reserve(Message.getDefaultInstance());
					this.stock.awaitEntered();
					Outcome second = Outcome.of(client.channel(), EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT,
							Message.getDefaultInstance());
					await().until(() -> calls(context).size() == 2
							&& calls(context).get(1).state().equals("waiting_for_permit"));
					cancel(context, "strand.testing.Echo/Unary");
					assertThat(second.status().getCode()).isEqualTo(Status.Code.CANCELLED);
					// Its client is told first
					await().until(() -> all(context).server().waitingCalls() == 0);
					this.stock.release();
					first.get(10, TimeUnit.SECONDS);
				}
			});
	}

	private static void cancel(ApplicationContext context, String method) {
		long id = calls(context).stream().filter((call) -> call.method().equals(method)).findFirst().orElseThrow().id();
		assertThat(endpoint(context).cancel("calls", id).cancelled()).isTrue();
	}

	@Test
	void drainRefusesTrafficAndTellsStreams() {
		AtomicBoolean told = new AtomicBoolean();
		this.handlers.bidi((responses) -> {
			GrpcCall.current().onDrain(() -> told.set(true));
			return EchoHandlers.echoAll(responses);
		});
		this.runner.run((context) -> {
			try (TestClient client = client(context)) {
				Outcome bidi = Outcome.open(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
				bidi.call().sendMessage(Message.getDefaultInstance());
				await().until(() -> bidi.messages().size() == 1);
				AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
				endpoint(context).act("drain");
				await().untilTrue(told);
				assertThat(context.getBean(ApplicationAvailability.class).getReadinessState())
					.isEqualTo(ReadinessState.REFUSING_TRAFFIC);
				bidi.call().halfClose();
				assertThat(bidi.status().isOk()).isTrue();
				assertThatExceptionOfType(InvalidEndpointRequestException.class)
					.isThrownBy(() -> endpoint(context).act("fly"));
			}
		});
	}

	@Test
	void infoTellsOfServerAndChannels() {
		this.runner.withUserConfiguration(Client.class)
			.withPropertyValues("strand.client.channels.default.target=self:")
			.run((context) -> {
				Info.Builder info = new Info.Builder();
				context.getBean(GrpcInfoContributor.class).contribute(info);
				assertThat(info.build().getDetails().toString()).contains("strand.testing.Echo", "strand.testing.Stock",
						"channels=[default", String.valueOf(context.getBean(GrpcServer.class).getPort()));
			});
		this.runner.withPropertyValues("management.info.grpc.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(GrpcInfoContributor.class));
	}

	@Test
	void healthOfChannelsIsThereWhereItIsAskedFor() {
		ApplicationContextRunner client = this.runner.withUserConfiguration(Client.class)
			.withPropertyValues("strand.client.channels.default.target=static://127.0.0.1:1");
		client.run((context) -> assertThat(context).doesNotHaveBean(HealthIndicator.class));
		client.withPropertyValues("strand.client.health.enabled=true").run((context) -> {
			HealthIndicator indicator = context.getBean(HealthIndicator.class);
			Health unused = indicator.health();
			assertThat(unused.getStatus().getCode()).isEqualTo("UP");
			assertThat(unused.getDetails()).containsEntry("default", "IDLE");
			assertThatExceptionOfType(RuntimeException.class)
				.isThrownBy(() -> context.getBean(CounterBlockingStub.class).next(Message.getDefaultInstance()));
			await().until(() -> indicator.health().getStatus().getCode().equals("DOWN"));
			assertThat(indicator.health().getDetails()).containsEntry("default", "TRANSIENT_FAILURE");
		});
	}

	@Test
	void theEndpointIsThereWhereItIsExposed() {
		this.bare.withBean(EchoHandlers.class, () -> this.handlers)
			.withPropertyValues("strand.server.port=0")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(GrpcEndpoint.class));
		this.runner.withPropertyValues("management.endpoint.grpc.access=NONE")
			.run((context) -> assertThat(context).doesNotHaveBean(GrpcEndpoint.class));
	}

	@Test
	void withoutTheActuatorTheServerWorks() {
		this.runner
			.withClassLoader(
					new FilteredClassLoader("org.springframework.boot.actuate", "org.springframework.boot.health"))
			.run((context) -> {
				assertThat(context).hasNotFailed().doesNotHaveBean("strandGrpcEndpoint");
				try (TestClient client = client(context)) {
					assertThat(client.echo("hello")).isEqualTo("hello");
				}
			});
	}

	private static TestClient client(ApplicationContext context) {
		return TestClient.tcp(context.getBean(GrpcServer.class).getPort());
	}

	private static GrpcEndpoint endpoint(ApplicationContext context) {
		return context.getBean(GrpcEndpoint.class);
	}

	private static GrpcDescriptor all(ApplicationContext context) {
		return endpoint(context).grpc();
	}

	private static List<CallDescriptor> calls(ApplicationContext context) {
		return all(context).calls().oldest();
	}

	private static ChannelDescriptor channel(ApplicationContext context, String name) {
		return all(context).channels()
			.stream()
			.filter((channel) -> channel.name().equals(name))
			.findFirst()
			.orElseThrow();
	}

	@Configuration(proxyBeanMethods = false)
	static class Client {

		@Bean
		Object caller(CounterBlockingStub counter) {
			return "has a stub";
		}

	}

}
