package io.strand.grpc.autoconfigure.health;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.ServiceDescriptorProto;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.channelz.v1.ChannelzGrpc;
import io.grpc.channelz.v1.GetServersRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.reflection.v1.ServiceResponse;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.Threading;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.RawConnection;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests for reflection, channelz and the admin services.
 */
@Timeout(90)
@ExtendWith(LeakCheckExtension.class)
class GrpcAdminTests {

	private static final int INITIAL_WINDOW_SIZE = 4;

	private static final String V1 = ServerReflectionGrpc.SERVICE_NAME;

	private static final String V1_ALPHA = io.grpc.reflection.v1alpha.ServerReflectionGrpc.SERVICE_NAME;

	private final ApplicationContextRunner runner = HealthContext.runner()
		.withConfiguration(AutoConfigurations.of(GrpcAdminAutoConfiguration.class))
		.withBean(EchoService.class)
		.withBean(PlainRoutes.class);

	@Test
	void withoutBeingAskedForNoneIsServed() {
		this.runner.run((context) -> {
			assertThat(context.getBean(GrpcServer.class).getServices()).containsExactlyInAnyOrder("strand.testing.Echo",
					"strand.testing.Routes", HealthGrpc.SERVICE_NAME);
			try (TestClient client = HealthContext.client(context)) {
				assertThatExceptionOfType(StatusException.class).isThrownBy(() -> listServices(client))
					.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED));
			}
		});
	}

	@Test
	void whenThereIsNoServiceThenNoneMakesItAServer() {
		HealthContext.runner()
			.withConfiguration(AutoConfigurations.of(GrpcAdminAutoConfiguration.class))
			.withPropertyValues("strand.server.reflection.enabled=true", "strand.server.admin.enabled=true")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(GrpcServer.class));
	}

	@ParameterizedTest
	@CsvSource({ "event-loop, AUTO", "platform, PLATFORM" })
	void whatMayBlockRunsOnNoEventLoop(String ofTheServer, Threading expected) {
		// Plain methods that receive could not run there
		HealthContext.runner()
			.withConfiguration(AutoConfigurations.of(GrpcAdminAutoConfiguration.class))
			.withBean(EchoService.class)
			.withPropertyValues("strand.server.handler.threading=" + ofTheServer,
					"strand.server.reflection.enabled=true", "strand.server.channelz.enabled=true",
					"strand.server.admin.enabled=true")
			.run((context) -> assertThat(context.getBean(CallEngine.class).methods())
				.filteredOn((method) -> !method.descriptor().getServiceName().startsWith("strand.")
						&& !method.descriptor().getServiceName().equals(HealthGrpc.SERVICE_NAME))
				.isNotEmpty()
				.allSatisfy((method) -> assertThat(method.settings().threading()).isEqualTo(expected)));
	}

	@Test
	void propertyOfTheServiceHasTheLastWord() {
		this.runner
			.withPropertyValues("strand.server.reflection.enabled=true",
					"strand.server.services[%s].threading=event-loop".formatted(V1))
			.run((context) -> assertThat(context.getBean(CallEngine.class).methods())
				.filteredOn((method) -> method.descriptor().getServiceName().equals(V1))
				.isNotEmpty()
				.allSatisfy((method) -> assertThat(method.settings().threading()).isEqualTo(Threading.EVENT_LOOP)));
	}

	@Test
	void reflectionListsAllServices() {
		this.runner.withPropertyValues("strand.server.reflection.enabled=true").run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				assertThat(listServices(client))
					.containsExactlyInAnyOrderElementsOf(context.getBean(GrpcServer.class).getServices());
				assertThat(listServices(client)).containsExactlyInAnyOrder("strand.testing.Echo",
						"strand.testing.Routes", HealthGrpc.SERVICE_NAME, V1, V1_ALPHA);
			}
		});
	}

	@Test
	void reflectionDescribesServicesOfEveryStyle() {
		this.runner.withPropertyValues("strand.server.reflection.enabled=true").run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				for (String name : List.of("Echo", "Routes")) {
					ServerReflectionResponse response = ask(client,
							ServerReflectionRequest.newBuilder()
								.setFileContainingSymbol("strand.testing." + name)
								.build());
					FileDescriptorProto file = FileDescriptorProto
						.parseFrom(response.getFileDescriptorResponse().getFileDescriptorProto(0));
					assertThat(file.getServiceList()).extracting(ServiceDescriptorProto::getName).contains(name);
				}
			}
		});
	}

	@Test
	void reflectionAnswersToolsOfTheOldVersion() {
		this.runner.withPropertyValues("strand.server.reflection.enabled=true").run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				BlockingClientCall<io.grpc.reflection.v1alpha.ServerReflectionRequest, io.grpc.reflection.v1alpha.ServerReflectionResponse> call = io.grpc.reflection.v1alpha.ServerReflectionGrpc
					.newBlockingV2Stub(client.channel())
					.withDeadlineAfter(20, TimeUnit.SECONDS)
					.serverReflectionInfo();
				call.write(io.grpc.reflection.v1alpha.ServerReflectionRequest.newBuilder().setListServices("").build());
				assertThat(call.read().getListServicesResponse().getServiceList())
					.extracting(io.grpc.reflection.v1alpha.ServiceResponse::getName)
					.contains("strand.testing.Echo", V1, V1_ALPHA);
				call.halfClose();
				assertThat(call.read()).isNull();
			}
		});
	}

	@Test
	void aToolThatKeepsItsStreamHoldsUpNoStop() {
		this.runner
			.withPropertyValues("strand.server.reflection.enabled=true", "strand.server.shutdown-grace-period=60s",
					"spring.lifecycle.timeout-per-shutdown-phase=60s")
			.run((context) -> {
				try (TestClient client = HealthContext.client(context)) {
					BlockingClientCall<ServerReflectionRequest, ServerReflectionResponse> call = ServerReflectionGrpc
						.newBlockingV2Stub(client.channel())
						.withDeadlineAfter(60, TimeUnit.SECONDS)
						.serverReflectionInfo();
					call.write(ServerReflectionRequest.newBuilder().setListServices("").build());
					assertThat(call.read()).isNotNull();
					CompletableFuture.runAsync(context::close).get(10, TimeUnit.SECONDS);
					assertThat(call.read()).isNull();
				}
			});
	}

	@Test
	void aToolThatDoesNotReadHoldsUpNoStop() {
		this.runner
			.withPropertyValues("strand.server.reflection.enabled=true", "strand.server.shutdown-grace-period=10m")
			.run((context) -> {
				GrpcServer server = context.getBean(GrpcServer.class);
				CompletableFuture<Void> stopped = new CompletableFuture<>();
				try (RawConnection deaf = RawConnection.open(server.getPort(), INITIAL_WINDOW_SIZE, 0)) {
					int stream = deaf.headers(V1 + "/ServerReflectionInfo");
					byte[] request = ServerReflectionRequest.newBuilder().setListServices("*").build().toByteArray();
					deaf.write(RawConnection.DATA, 0, stream,
							ByteBuffer.allocate(5 + request.length).putInt(1, request.length).put(5, request).array());
					CallEngine engine = context.getBean(CallEngine.class);
					await().until(() -> engine.liveCalls().stream().anyMatch((call) -> call.sent() == 1));
					server.stop(() -> stopped.complete(null));
					stopped.get(30, TimeUnit.SECONDS);
				}
			});
	}

	@Test
	void channelzTellsOfTheServer() {
		this.runner.withPropertyValues("strand.server.channelz.enabled=true").run((context) -> {
			try (TestClient client = HealthContext.client(context)) {
				assertThat(ChannelzGrpc.newBlockingStub(client.channel())
					.withDeadlineAfter(20, TimeUnit.SECONDS)
					.getServers(GetServersRequest.getDefaultInstance())
					.getServerCount()).isPositive();
			}
			assertThat(context.getBean(GrpcServer.class).getServices()).contains(ChannelzGrpc.SERVICE_NAME)
				.doesNotContain(V1);
		});
	}

	@Test
	void adminServicesAreThoseOfGrpc() {
		// channelz by both ways, and of clients by xDS, which the tests have
		this.runner.withPropertyValues("strand.server.admin.enabled=true", "strand.server.channelz.enabled=true")
			.run((context) -> assertThat(context.getBean(GrpcServer.class).getServices()).containsExactlyInAnyOrder(
					"strand.testing.Echo", "strand.testing.Routes", HealthGrpc.SERVICE_NAME, ChannelzGrpc.SERVICE_NAME,
					"envoy.service.status.v3.ClientStatusDiscoveryService"));
	}

	@Test
	void whenGrpcServicesIsMissingThenPropertiesDoNothing() {
		this.runner.withPropertyValues("strand.server.reflection.enabled=true")
			.withClassLoader(new FilteredClassLoader("io.grpc.protobuf.services", "io.grpc.services", "io.grpc.health",
					"io.grpc.reflection", "io.grpc.channelz"))
			.run((context) -> assertThat(context.getBean(GrpcServer.class).getServices())
				.containsExactlyInAnyOrder("strand.testing.Echo", "strand.testing.Routes"));
	}

	private static List<String> listServices(TestClient client) throws Exception {
		return ask(client, ServerReflectionRequest.newBuilder().setListServices("").build()).getListServicesResponse()
			.getServiceList()
			.stream()
			.map(ServiceResponse::getName)
			.toList();
	}

	private static ServerReflectionResponse ask(TestClient client, ServerReflectionRequest request) throws Exception {
		BlockingClientCall<ServerReflectionRequest, ServerReflectionResponse> call = ServerReflectionGrpc
			.newBlockingV2Stub(client.channel())
			.withDeadlineAfter(20, TimeUnit.SECONDS)
			.serverReflectionInfo();
		call.write(request);
		ServerReflectionResponse response = call.read();
		call.halfClose();
		assertThat(call.read()).isNull();
		return response;
	}

	@GrpcService(RoutesGrpc.class)
	static class PlainRoutes {

		Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

		void listFeatures(Rectangle area, ServerStream<Feature> features) {
		}

		RouteSummary recordRoute(ClientStream<Point> points) {
			return RouteSummary.getDefaultInstance();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) {
		}

	}

}
