package io.strand.grpc.autoconfigure.health;

import java.util.List;
import java.util.concurrent.TimeUnit;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.channelz.v1.ChannelzGrpc;
import io.grpc.channelz.v1.GetServersRequest;
import io.grpc.channelz.v1.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Health, reflection and channelz on the loopback interface only.
 */
@Timeout(90)
@ExtendWith(LeakCheckExtension.class)
class AdminListenerTests {

	private static final String REFLECTION = ServerReflectionGrpc.SERVICE_NAME;

	private static final String OLD_REFLECTION = io.grpc.reflection.v1alpha.ServerReflectionGrpc.SERVICE_NAME;

	private final ApplicationContextRunner runner = HealthContext.runner()
		.withConfiguration(AutoConfigurations.of(GrpcAdminAutoConfiguration.class))
		.withBean(EchoService.class)
		.withPropertyValues("strand.server.reflection.enabled=true", "strand.server.channelz.enabled=true",
				"strand.server.listeners.admin.port=0", "strand.server.listeners.admin.address=127.0.0.1");

	@Test
	void servicesOfOperatorsAreOnTheLoopbackInterfaceOnly() {
		this.runner
			.withPropertyValues("strand.server.listeners.admin.services=%s,%s,%s,%s".formatted(HealthGrpc.SERVICE_NAME,
					REFLECTION, OLD_REFLECTION, ChannelzGrpc.SERVICE_NAME))
			.run((context) -> {
				GrpcServer server = context.getBean(GrpcServer.class);
				try (TestClient main = TestClient.tcp(server.getPort());
						TestClient admin = TestClient.tcp(server.getPort("admin"))) {
					assertThat(main.echo("hello")).isEqualTo("hello");
					assertThat(HealthContext.failure(main, "")).isEqualTo(Status.Code.UNIMPLEMENTED);
					assertThatExceptionOfType(StatusException.class).isThrownBy(() -> listServices(main))
						.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED));
					assertThat(HealthContext.check(admin, "")).isEqualTo(ServingStatus.SERVING);
					assertThat(HealthContext.check(admin, "strand.testing.Echo")).isEqualTo(ServingStatus.SERVING);
					assertThat(ChannelzGrpc.newBlockingStub(admin.channel())
						.withDeadlineAfter(20, TimeUnit.SECONDS)
						.getServers(GetServersRequest.getDefaultInstance())
						.getServerList()).flatExtracting(Server::getListenSocketList)
						.anyMatch((socket) -> socket.getName().contains(":" + server.getPort() + "]"));
				}
			});
	}

	@Test
	void reflectionWithAStarTellsOfAllServicesOfItsPort() {
		this.runner
			.withPropertyValues("strand.server.listeners.admin.services=*,%s,%s".formatted(REFLECTION, OLD_REFLECTION))
			.run((context) -> {
				try (TestClient admin = TestClient.tcp(context.getBean(GrpcServer.class).getPort("admin"))) {
					assertThat(listServices(admin)).containsExactlyInAnyOrder("strand.testing.Echo",
							HealthGrpc.SERVICE_NAME, ChannelzGrpc.SERVICE_NAME, REFLECTION, OLD_REFLECTION);
					assertThat(admin.echo("hello")).isEqualTo("hello");
				}
			});
	}

	private static List<String> listServices(TestClient client) throws Exception {
		BlockingClientCall<ServerReflectionRequest, ServerReflectionResponse> call = ServerReflectionGrpc
			.newBlockingV2Stub(client.channel())
			.withDeadlineAfter(20, TimeUnit.SECONDS)
			.serverReflectionInfo();
		call.write(ServerReflectionRequest.newBuilder().setListServices("").build());
		ServerReflectionResponse response = call.read();
		call.halfClose();
		return response.getListServicesResponse().getServiceList().stream().map(ServiceResponse::getName).toList();
	}

}
