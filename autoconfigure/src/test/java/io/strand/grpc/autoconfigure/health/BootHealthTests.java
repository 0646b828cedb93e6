package io.strand.grpc.autoconfigure.health;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.server.GrpcServerStartException;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.actuate.autoconfigure.endpoint.EndpointAutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.availability.ApplicationAvailabilityAutoConfiguration;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.AvailabilityProbesAutoConfiguration;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointAutoConfiguration;
import org.springframework.boot.health.autoconfigure.application.AvailabilityHealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for services that are as healthy as a health group or an indicator of Spring
 * Boot's.
 */
@Timeout(90)
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class BootHealthTests {

	private static final String ECHO = "strand.testing.Echo";

	private static final String COUNTER = "strand.testing.Counter";

	private final Indicator db = new Indicator();

	private final Indicator disk = new Indicator();

	private final ApplicationContextRunner runner = HealthContext.runner()
		.withConfiguration(AutoConfigurations.of(EndpointAutoConfiguration.class,
				ApplicationAvailabilityAutoConfiguration.class, HealthContributorRegistryAutoConfiguration.class,
				HealthContributorAutoConfiguration.class, AvailabilityHealthContributorAutoConfiguration.class,
				AvailabilityProbesAutoConfiguration.class, HealthEndpointAutoConfiguration.class))
		.withBean(EchoService.class)
		.withBean(CounterService.class)
		.withBean("db", HealthIndicator.class, () -> this.db)
		.withBean("disk", HealthIndicator.class, () -> this.disk)
		.withPropertyValues("strand.server.health.interval=20ms");

	@Test
	void aServiceIsAsHealthyAsItsIndicator() {
		this.runner.withPropertyValues("strand.server.health.services[strand.testing.Echo]=db").run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				BlockingClientCall<?, HealthCheckResponse> watch = HealthContext.watch(client.channel(), ECHO);
				awaitNext(watch, ServingStatus.SERVING);
				this.db.status = Status.DOWN;
				awaitNext(watch, ServingStatus.NOT_SERVING);
				assertThat(HealthContext.check(client, COUNTER)).isEqualTo(ServingStatus.SERVING);
				assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
				this.db.status = Status.UP;
				awaitNext(watch, ServingStatus.SERVING);
			}
		});
	}

	@Test
	void theServerIsAsHealthyAsItsGroup() {
		this.runner
			.withPropertyValues("management.endpoint.health.group.traffic.include=db,disk",
					"strand.server.health.overall=traffic")
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					awaitStatus(client, "", ServingStatus.SERVING);
					this.disk.status = Status.OUT_OF_SERVICE;
					awaitStatus(client, "", ServingStatus.NOT_SERVING);
					assertThat(HealthContext.check(client, ECHO)).isEqualTo(ServingStatus.SERVING);
				}
			});
	}

	@ParameterizedTest
	@CsvSource({ "UP, SERVING", "DOWN, NOT_SERVING", "OUT_OF_SERVICE, NOT_SERVING", "UNKNOWN, UNKNOWN",
			"TIRED, NOT_SERVING" })
	void statusesOfSpringBootAreTranslated(String boot, ServingStatus grpc) {
		this.db.status = new Status(boot);
		this.runner.withPropertyValues("strand.server.health.services[strand.testing.Echo]=db").run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				awaitStatus(client, ECHO, grpc);
			}
		});
	}

	@Test
	void whatIsNotKnownYetIsNotServing() {
		CountDownLatch gate = new CountDownLatch(1);
		this.db.gate = gate;
		this.runner.withPropertyValues("strand.server.health.services[strand.testing.Echo]=db").run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				await().until(() -> this.db.asked.get() == 1);
				assertThat(HealthContext.check(client, ECHO)).isEqualTo(ServingStatus.NOT_SERVING);
				assertThat(HealthContext.check(client, COUNTER)).isEqualTo(ServingStatus.SERVING);
				gate.countDown();
				awaitStatus(client, ECHO, ServingStatus.SERVING);
			}
		});
	}

	@Test
	void anIndicatorThatHangsHarmsNobodyElse(CapturedOutput output) {
		CountDownLatch gate = new CountDownLatch(1);
		this.runner
			.withPropertyValues("strand.server.health.services[strand.testing.Echo]=db",
					"strand.server.health.services[strand.testing.Counter]=disk", "strand.server.health.timeout=2s")
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					awaitStatus(client, ECHO, ServingStatus.SERVING);
					this.db.gate = gate;
					awaitStatus(client, ECHO, ServingStatus.NOT_SERVING);
					int asked = this.disk.asked.get();
					await().until(() -> this.disk.asked.get() > asked + 2);
					assertThat(HealthContext.check(client, COUNTER)).isEqualTo(ServingStatus.SERVING);
					assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
					// Asked once, however long it takes
					assertThat(this.db.running.get()).isOne();
					this.db.gate = null;
					gate.countDown();
					awaitStatus(client, ECHO, ServingStatus.SERVING);
				}
			});
		assertThat(output).containsOnlyOnce(
				"Health of [strand.testing.Echo] is NOT_SERVING, for that of 'db' is: it has not answered for 2000 ms");
	}

	@Test
	void anIndicatorThatHangsDoesNotHoldUpTheStop() {
		this.db.gate = new CountDownLatch(1);
		this.runner.withPropertyValues("strand.server.health.services[strand.testing.Echo]=db").run((context) -> {
			await().until(() -> this.db.running.get() == 1);
			CompletableFuture.runAsync(context::close).get(20, TimeUnit.SECONDS);
			await().until(() -> this.db.running.get() == 0);
		});
	}

	@Test
	void anIndicatorThatThrowsIsNotServing(CapturedOutput output) {
		this.runner.withPropertyValues("strand.server.health.services[strand.testing.Echo]=db").run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				awaitStatus(client, ECHO, ServingStatus.SERVING);
				this.db.thrown = new IllegalStateException("no database");
				awaitStatus(client, ECHO, ServingStatus.NOT_SERVING);
				int asked = this.db.asked.get();
				await().until(() -> this.db.asked.get() > asked + 3);
				this.db.thrown = null;
				awaitStatus(client, ECHO, ServingStatus.SERVING);
			}
		});
		assertThat(output).containsOnlyOnce("for that of 'db' is: it failed");
	}

	@Test
	void aChangeOfReadinessIsNotWaitedFor() {
		this.runner
			.withPropertyValues("strand.server.health.services[strand.testing.Echo]=db",
					"strand.server.health.interval=1h")
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					awaitStatus(client, ECHO, ServingStatus.SERVING);
					this.db.status = Status.DOWN;
					AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
					awaitStatus(client, "", ServingStatus.NOT_SERVING);
					AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
					awaitStatus(client, "", ServingStatus.SERVING);
					// Asked again for that
					awaitStatus(client, ECHO, ServingStatus.NOT_SERVING);
				}
			});
	}

	@Test
	void groupsOfProbesAreAskedForByTheNamesOfStates() {
		this.runner.withPropertyValues("management.endpoint.health.probes.enabled=true",
				"management.endpoint.health.group.readiness.include=readinessState,db",
				"strand.server.health.services.readiness=readiness", "strand.server.health.services.liveness=liveness")
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
					awaitStatus(client, "readiness", ServingStatus.SERVING);
					this.db.status = Status.DOWN;
					awaitStatus(client, "readiness", ServingStatus.NOT_SERVING);
					assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
				}
			});
	}

	@Test
	void nothingIsAskedThatNothingDependsOn() {
		this.runner.run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				assertThat(HealthContext.check(client, "")).isEqualTo(ServingStatus.SERVING);
			}
			assertThat(this.db.asked).hasValue(0);
		});
	}

	@Test
	void isAskedAgainAfterARestart() {
		this.runner.withPropertyValues("strand.server.health.services[strand.testing.Echo]=db").run((context) -> {
			context.getSourceApplicationContext().stop();
			this.db.status = Status.DOWN;
			context.getSourceApplicationContext().start();
			try (TestClient client = HealthContext.client(context)) {
				awaitStatus(client, ECHO, ServingStatus.NOT_SERVING);
				this.db.status = Status.UP;
				awaitStatus(client, ECHO, ServingStatus.SERVING);
			}
		});
	}

	@Test
	void whenNobodyHasTheServiceThenRefusesToStart() {
		this.runner.withPropertyValues("strand.server.health.services[strand.testing.Ecco]=db")
			.run((context) -> assertThat(failure(context))
				.hasMessageContaining("strand.server.health.services=strand.testing.Ecco")
				.hasMessageContaining("strand.testing.Counter, strand.testing.Echo"));
	}

	@Test
	void whenThereIsNoSuchIndicatorThenRefusesToStart() {
		this.runner.withPropertyValues("strand.server.health.overall=dv")
			.run((context) -> assertThat(failure(context)).hasMessageContaining("strand.server.health.overall=dv")
				.hasMessageContaining("There is no health group or indicator of that name."));
	}

	@Test
	void whenSpringBootsHealthIsMissingThenRefusesToStart() {
		this.runner.withClassLoader(new FilteredClassLoader(HealthEndpoint.class))
			.withPropertyValues("strand.server.health.services[strand.testing.Echo]=db")
			.run((context) -> assertThat(failure(context))
				.hasMessageContaining("strand.server.health.services[strand.testing.Echo]=db")
				.hasMessageContaining("spring-boot-starter-actuator"));
	}

	@Test
	void whenSpringBootsHealthIsMissingThenServesHealthWithoutIt() {
		HealthContext.runner()
			.withBean(EchoService.class)
			.withClassLoader(
					new FilteredClassLoader("org.springframework.boot.health", "org.springframework.boot.actuate"))
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					assertThat(HealthContext.check(client, ECHO)).isEqualTo(ServingStatus.SERVING);
				}
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "strand.server.health.interval", "strand.server.health.timeout" })
	void whenADurationIsNoneThenRefusesToStart(String property) {
		for (String value : List.of("0s", "-1s")) {
			this.runner.withPropertyValues(property + "=" + value)
				.run((context) -> assertThat(failure(context)).hasMessageContaining(property));
		}
	}

	private static Throwable failure(AssertableApplicationContext context) {
		assertThat(context).hasFailed();
		Throwable failure = context.getStartupFailure();
		while (!(failure instanceof GrpcServerStartException) && failure.getCause() != null) {
			failure = failure.getCause();
		}
		assertThat(failure).isInstanceOf(GrpcServerStartException.class);
		return failure;
	}

	private static void awaitStatus(TestClient client, String service, ServingStatus status) {
		await().untilAsserted(() -> assertThat(HealthContext.check(client, service)).isEqualTo(status));
	}

	private static void awaitNext(BlockingClientCall<?, HealthCheckResponse> watch, ServingStatus status)
			throws Exception {
		// The first poll may come before or after the watch
		ServingStatus next = HealthContext.next(watch);
		assertThat((next == status) ? next : HealthContext.next(watch)).isEqualTo(status);
	}

	static class Indicator implements HealthIndicator {

		final AtomicInteger asked = new AtomicInteger();

		final AtomicInteger running = new AtomicInteger();

		volatile Status status = Status.UP;

		volatile RuntimeException thrown;

		volatile CountDownLatch gate;

		@Override
		public Health health() {
			this.asked.incrementAndGet();
			this.running.incrementAndGet();
			try {
				if (this.gate != null) {
					this.gate.await();
				}
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException("interrupted", ex);
			}
			finally {
				this.running.decrementAndGet();
			}
			if (this.thrown != null) {
				throw this.thrown;
			}
			return Health.status(this.status).build();
		}

	}

}
