package io.strand.grpc.autoconfigure.health;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.autoconfigure.properties.StrandPropertiesAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.TestClient;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;

/**
 * What the tests of health begin with.
 */
final class HealthContext {

	private HealthContext() {
	}

	static ApplicationContextRunner runner() {
		return new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(GrpcServerAutoConfiguration.class,
					GrpcHealthAutoConfiguration.class, StrandPropertiesAutoConfiguration.class))
			.withPropertyValues("strand.server.port=0");
	}

	static TestClient client(ApplicationContext context) {
		return TestClient.tcp(context.getBean(GrpcServer.class).getPort());
	}

	static ServingStatus check(TestClient client, String service) {
		return HealthGrpc.newBlockingStub(client.channel())
			.withDeadlineAfter(10, TimeUnit.SECONDS)
			.check(request(service))
			.getStatus();
	}

	static Status.@Nullable Code failure(TestClient client, String service) {
		try {
			check(client, service);
			return null;
		}
		catch (StatusRuntimeException ex) {
			return ex.getStatus().getCode();
		}
	}

	static BlockingClientCall<?, HealthCheckResponse> watch(ManagedChannel channel, String service) {
		return HealthGrpc.newBlockingV2Stub(channel).withDeadlineAfter(60, TimeUnit.SECONDS).watch(request(service));
	}

	/**
	 * Reads, and looks again now and then: a blocking client of gRPC was once seen to
	 * sleep on past the deadline of its call, as if it had missed that it was woken
	 * (grpc-java issue 12648 tells the like of blocking stubs).
	 */
	static @Nullable ServingStatus next(BlockingClientCall<?, HealthCheckResponse> watch)
			throws InterruptedException, StatusException {
		while (true) {
			try {
				HealthCheckResponse response = watch.read(1, TimeUnit.SECONDS);
				return (response != null) ? response.getStatus() : null;
			}
			catch (TimeoutException ex) {
				// The deadline of the call says when it is too late
			}
		}
	}

	private static HealthCheckRequest request(String service) {
		return HealthCheckRequest.newBuilder().setService(service).build();
	}

}
