package io.strand.grpc.autoconfigure.client;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import io.grpc.Metadata;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.client.resolve.TestNames;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.FilteredClassLoader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Every property of balancing and resolution does what it says.
 */
@ExtendWith(LeakCheckExtension.class)
class BalancingPropertiesTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private final HealthStatusManager health = new HealthStatusManager();

	private final RecordingServer first = RecordingServer.start(new EchoService());

	private final RecordingServer second = RecordingServer.start(new EchoService(), this.health.getHealthService());

	private final TestNames names = new TestNames("names");

	@AfterEach
	void close() {
		this.first.close();
		this.second.close();
	}

	@Test
	void aNameResolverMayBeABean() {
		this.names.answer(this.first.port());
		run(List.of(), (stub) -> {
			stub.unary(MESSAGE);
			assertThat(this.first.calls()).hasSize(1);
		});
	}

	@Test
	void refreshIntervalResolvesAgain() {
		this.names.answer(this.first.port());
		run(List.of("refresh-interval=20ms"), (stub) -> {
			stub.unary(MESSAGE);
			this.names.answer(this.second.port());
			await().until(() -> isCalled(this.second, stub));
		});
	}

	@Test
	void healthCheckAsksForTheHealthOfTheServer() {
		this.names.answer(this.second.port());
		run(List.of("health-check.enabled=true"), (stub) -> {
			stub.unary(MESSAGE);
			assertThat(this.second.calls()).anyMatch((call) -> call.method().startsWith("grpc.health"));
		});
	}

	@Test
	void healthCheckServiceNameIsAskedFor() {
		this.health.setStatus("", ServingStatus.NOT_SERVING);
		this.health.setStatus("shop.Stock", ServingStatus.SERVING);
		this.names.answer(this.second.port());
		run(List.of("health-check.enabled=true", "health-check.service-name=shop.Stock"),
				(stub) -> assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE));
	}

	@Test
	void healthCheckWithoutItsDependencyIsRefused() {
		ClientContext.runner()
			.withClassLoader(new FilteredClassLoader("io.grpc.protobuf.services"))
			.withPropertyValues("strand.client.channels.stock.target=stock:1",
					"strand.client.channels.stock.health-check.enabled=true")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessage("strand.client.channels.stock.health-check.enabled is set, but what checks health is not on"
						+ " the class path. Add the dependency io.grpc:grpc-services, or set"
						+ " strand.client.channels.stock.health-check.enabled to false."));
	}

	@Test
	void leastRequestComparesItsChoices() {
		this.names.answer(this.first.port(), this.second.port());
		run(List.of("load-balancing-policy=least_request", "least-request.choices=3"),
				(stub) -> await().until(() -> isCalled(this.first, stub) && isCalled(this.second, stub)));
	}

	@Test
	void ringHashFollowsItsHeader() {
		this.names.answer(this.first.port(), this.second.port());
		run(List.of("load-balancing-policy=ring-hash", "ring-hash.header=customer", "ring-hash.min-size=10",
				"ring-hash.max-size=100"), (stub) -> {
					Metadata headers = new Metadata();
					headers.put(Metadata.Key.of("customer", Metadata.ASCII_STRING_MARSHALLER), "one");
					EchoBlockingStub one = stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
					for (int i = 0; i < 20; i++) {
						one.unary(MESSAGE);
					}
					assertThat(this.first.calls().size()).isIn(0, 20);
				});
	}

	@Test
	void settingsAreInherited() {
		this.names.answer(this.first.port(), this.second.port());
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.default.load-balancing-policy=pick_first",
					"strand.client.channels.echo.target=names:///shop")
			.withBean(TestNames.class, () -> this.names)
			.withBean(Caller.class)
			.run((context) -> {
				for (int i = 0; i < 20; i++) {
					context.getBean(Caller.class).stub.unary(MESSAGE);
				}
				assertThat(this.second.connections()).isZero();
			});
	}

	private void run(List<String> properties, Consumer<EchoBlockingStub> calls) {
		List<String> all = new ArrayList<>(properties);
		all.add("target=names:///shop");
		ClientContext.runner()
			.withPropertyValues(
					all.stream().map((property) -> "strand.client.channels.default." + property).toArray(String[]::new))
			.withBean(TestNames.class, () -> this.names)
			.withBean(Caller.class)
			.run((context) -> calls.accept(context.getBean(Caller.class).stub.withWaitForReady()));
	}

	private static boolean isCalled(RecordingServer server, EchoBlockingStub stub) {
		int before = server.calls().size();
		for (int i = 0; i < 8; i++) {
			stub.unary(MESSAGE);
		}
		return server.calls().size() > before;
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

}
