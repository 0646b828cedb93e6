package io.strand.grpc.autoconfigure.client.discovery;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

import io.grpc.StatusRuntimeException;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.discovery.event.HeartbeatEvent;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClientAutoConfiguration;
import org.springframework.cloud.commons.util.UtilAutoConfiguration;
import org.springframework.context.ApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Targets that Spring Cloud's DiscoveryClient resolves.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class DiscoveryTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private final RecordingServer first = RecordingServer.start(new EchoService());

	private final RecordingServer second = RecordingServer.start(new EchoService());

	private final Registry registry = new Registry();

	@AfterEach
	void close() {
		this.first.close();
		this.second.close();
	}

	@Test
	void theSimpleClientIsAsked() {
		runner()
			.withConfiguration(
					AutoConfigurations.of(UtilAutoConfiguration.class, SimpleDiscoveryClientAutoConfiguration.class))
			.withPropertyValues("spring.cloud.discovery.client.simple.instances.stock[0].uri=http://localhost:1",
					"spring.cloud.discovery.client.simple.instances.stock[0].metadata.gRPC_port=" + this.first.port())
			.run((context) -> {
				context.getBean(Caller.class).stub.unary(MESSAGE);
				assertThat(this.first.lastCall().authority()).isEqualTo("stock");
			});
	}

	@Test
	void thePortIsInTheMetadataUnderAnyOfTheUsualKeys() {
		for (String key : List.of("gRPC_port", "gRPC.port", "grpc.port", "grpc-port", "grpcPort")) {
			this.registry.instances = List.of(instance(1, Map.of("zone", "b", key, port(this.first))));
			run((stub, context) -> assertThat(stub.unary(MESSAGE)).as(key).isEqualTo(MESSAGE));
		}
		assertThat(this.first.calls()).hasSize(5);
	}

	@Test
	void thePortMayBeUnderAKeyOfTheUsers() {
		this.registry.instances = List.of(instance(1, Map.of("gRPC_port", "2", "management", port(this.first))));
		run((stub, context) -> assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE),
				"strand.client.discovery.port-metadata-key=management");
	}

	@Test
	void withoutMetadataThePortIsTheRegisteredOne() {
		this.registry.instances = List.of(instance(this.first.port(), Map.of()));
		run((stub, context) -> assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE));
	}

	@Test
	void aHeartbeatIsFollowedIfItTellsOfAChange() {
		this.registry.instances = List.of(instance(this.first.port(), Map.of()));
		run((stub, context) -> {
			stub.unary(MESSAGE);
			this.registry.instances = List.of(instance(this.second.port(), Map.of()));
			context.publishEvent(new HeartbeatEvent(this, 1));
			await().until(() -> {
				stub.unary(MESSAGE);
				return !this.second.calls().isEmpty();
			});
			int questions = this.registry.questions.size();
			context.publishEvent(new HeartbeatEvent(this, 1));
			stub.unary(MESSAGE);
			assertThat(this.registry.questions).hasSize(questions);
			assertThat(this.registry.questions).containsOnly("stock");
		});
	}

	@Test
	void aChangeThatIsToldWhileTheClientIsAskedIsAskedForAfterwards() {
		this.registry.instances = List.of(instance(this.first.port(), Map.of()));
		run((stub, context) -> {
			stub.unary(MESSAGE);
			this.registry.gate = new CountDownLatch(1);
			context.publishEvent(new HeartbeatEvent(this, 1));
			await().until(() -> this.registry.questions.size() == 2);
			CountDownLatch gate = this.registry.gate;
			this.registry.instances = List.of(instance(this.second.port(), Map.of()));
			context.publishEvent(new HeartbeatEvent(this, 2));
			gate.countDown();
			await().until(() -> {
				stub.unary(MESSAGE);
				return !this.second.calls().isEmpty();
			});
		});
	}

	@Test
	void anIntervalIsFollowedToo() {
		this.registry.instances = List.of(instance(this.first.port(), Map.of()));
		run((stub, context) -> {
			stub.unary(MESSAGE);
			this.registry.instances = List.of(instance(this.second.port(), Map.of()));
			await().until(() -> {
				stub.unary(MESSAGE);
				return !this.second.calls().isEmpty();
			});
		}, "strand.client.channels.default.refresh-interval=20ms");
	}

	@Test
	void aServiceWithoutInstancesFailsItsCallsUntilThereIsOne() {
		this.registry.instances = List.of();
		run((stub, context) -> {
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> stub.unary(MESSAGE))
				.withMessage("UNAVAILABLE: 'stock' cannot be resolved: Spring Cloud's DiscoveryClient knows no instance"
						+ " of it (channel 'default' to discovery:///stock)");
			this.registry.instances = List.of(instance(this.first.port(), Map.of()));
			context.publishEvent(new HeartbeatEvent(this, 1));
			assertThat(stub.withWaitForReady().unary(MESSAGE)).isEqualTo(MESSAGE);
		});
	}

	@Test
	void instancesThatVanishAllAtOnceAreKept() {
		this.registry.instances = List.of(instance(this.first.port(), Map.of()));
		run((stub, context) -> {
			stub.unary(MESSAGE);
			this.registry.instances = List.of();
			int questions = this.registry.questions.size();
			context.publishEvent(new HeartbeatEvent(this, 1));
			await().until(() -> this.registry.questions.size() > questions);
			assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE);
		});
	}

	@Test
	void anInstanceWithoutAPortIsLeftOutAndWarnedOfOnce(CapturedOutput output) {
		this.registry.instances = List.of(instance(7, Map.of("gRPC_port", "none")),
				instance(this.first.port(), Map.of()));
		run((stub, context) -> {
			stub.unary(MESSAGE);
			this.registry.instances = List.of(instance(7, Map.of("gRPC_port", "none")),
					instance(this.second.port(), Map.of()));
			context.publishEvent(new HeartbeatEvent(this, 1));
			await().until(() -> {
				stub.unary(MESSAGE);
				return !this.second.calls().isEmpty();
			});
		});
		assertThat(output.getAll().split("gets no calls", -1)).hasSize(2);
		assertThat(output).contains("An instance of 'stock' gets no calls: the port 'none' of localhost:7, in its"
				+ " metadata 'gRPC_port', is not a number from 1 to 65535");
	}

	@Test
	void aClientThatFailsIsTold() {
		this.registry.failure = new IllegalStateException("Eureka is down");
		run((stub, context) -> assertThatExceptionOfType(StatusRuntimeException.class)
			.isThrownBy(() -> stub.unary(MESSAGE))
			.withMessage(
					"UNAVAILABLE: 'stock' cannot be resolved: Eureka is down (channel 'default' to discovery:///stock)"));
	}

	@Test
	void withoutSpringCloudThereIsNoResolver() {
		runner().withClassLoader(new FilteredClassLoader(DiscoveryClient.class))
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("There is no resolver for the scheme 'discovery'"));
	}

	private void run(BiConsumer<EchoBlockingStub, ApplicationContext> calls, String... properties) {
		runner().withBean(DiscoveryClient.class, () -> this.registry)
			.withPropertyValues(properties)
			.run((context) -> calls.accept(context.getBean(Caller.class).stub, context));
	}

	private static ApplicationContextRunner runner() {
		return new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, GrpcServerAutoConfiguration.class,
					GrpcClientAutoConfiguration.class, GrpcDiscoveryAutoConfiguration.class))
			.withPropertyValues("strand.client.channels.default.target=discovery:///stock")
			.withBean(Caller.class);
	}

	private static ServiceInstance instance(int port, Map<String, String> metadata) {
		return new DefaultServiceInstance("id-" + port, "stock", "localhost", port, false, metadata);
	}

	private static String port(RecordingServer server) {
		return String.valueOf(server.port());
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	static class Registry implements DiscoveryClient {

		final List<String> questions = new CopyOnWriteArrayList<>();

		volatile List<ServiceInstance> instances = List.of();

		volatile RuntimeException failure;

		volatile CountDownLatch gate = new CountDownLatch(0);

		@Override
		public String description() {
			return "test";
		}

		@Override
		public List<ServiceInstance> getInstances(String serviceId) {
			List<ServiceInstance> answer = this.instances;
			this.questions.add(serviceId);
			if (this.failure != null) {
				throw this.failure;
			}
			try {
				this.gate.await(10, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return answer;
		}

		@Override
		public List<String> getServices() {
			return List.of("stock");
		}

	}

}
