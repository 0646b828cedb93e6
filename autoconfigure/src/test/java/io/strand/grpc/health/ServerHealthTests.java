package io.strand.grpc.health;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.ConcurrentRun;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ServerHealth}.
 */
class ServerHealthTests {

	private final HealthStatusManager manager = new HealthStatusManager();

	@Test
	void beforeItsStartAServerIsNotServingButAlive() throws Exception {
		ServerHealth health = new ServerHealth(this.manager, List.of(), true);
		assertThat(status("")).isEqualTo(ServingStatus.NOT_SERVING);
		assertThat(status("readiness")).isEqualTo(ServingStatus.NOT_SERVING);
		assertThat(status("liveness")).isEqualTo(ServingStatus.SERVING);
		health.started(List.of("shop.Orders"));
		assertThat(status("")).isEqualTo(ServingStatus.SERVING);
		assertThat(status("shop.Orders")).isEqualTo(ServingStatus.SERVING);
	}

	@Test
	void whatDependsOnSomethingIsNotServingUntilThatIsKnown() throws Exception {
		ServerHealth health = new ServerHealth(this.manager, List.of("shop.Orders", "liveness"), true);
		health.started(List.of("shop.Orders", "shop.Stock"));
		assertThat(status("shop.Orders")).isEqualTo(ServingStatus.NOT_SERVING);
		assertThat(status("shop.Stock")).isEqualTo(ServingStatus.SERVING);
		assertThat(status("liveness")).isEqualTo(ServingStatus.SERVING);
		health.report("shop.Orders", ServingStatus.SERVING);
		health.report("liveness", ServingStatus.NOT_SERVING);
		assertThat(status("shop.Orders")).isEqualTo(ServingStatus.SERVING);
		assertThat(status("liveness")).isEqualTo(ServingStatus.NOT_SERVING);
	}

	@Test
	void whatTheApplicationSetsStaysUntilTheServerChanges() throws Exception {
		ServerHealth health = new ServerHealth(this.manager, List.of(), true);
		health.started(List.of("shop.Orders"));
		this.manager.setStatus("shop.Orders", ServingStatus.UNKNOWN);
		health.alive(false);
		assertThat(status("shop.Orders")).isEqualTo(ServingStatus.UNKNOWN);
		health.stopping();
		assertThat(status("shop.Orders")).isEqualTo(ServingStatus.NOT_SERVING);
	}

	@Test
	void whateverIsToldMeanwhileAServerThatStopsIsNotServing() throws Exception {
		for (int round = 0; round < 2000; round++) {
			ServerHealth health = new ServerHealth(this.manager, List.of("shop.Orders"), true);
			health.started(List.of("shop.Orders", "shop.Stock"));
			ConcurrentRun.of(3, (number) -> {
				switch (number) {
					case 0 -> health.stopping();
					case 1 -> health.report("shop.Orders", ServingStatus.SERVING);
					default -> health.ready(true);
				}
			}).join(Duration.ofSeconds(20));
			for (String name : List.of("", "readiness", "shop.Orders", "shop.Stock")) {
				assertThat(status(name)).isEqualTo(ServingStatus.NOT_SERVING);
			}
		}
	}

	private ServingStatus status(String service) throws Exception {
		CompletableFuture<ServingStatus> status = new CompletableFuture<>();
		((HealthGrpc.HealthImplBase) this.manager.getHealthService())
			.check(HealthCheckRequest.newBuilder().setService(service).build(), new StreamObserver<>() {

				@Override
				public void onNext(HealthCheckResponse response) {
					status.complete(response.getStatus());
				}

				@Override
				public void onError(Throwable ex) {
					status.completeExceptionally(ex);
				}

				@Override
				public void onCompleted() {
				}

			});
		return status.get(1, TimeUnit.SECONDS);
	}

}
