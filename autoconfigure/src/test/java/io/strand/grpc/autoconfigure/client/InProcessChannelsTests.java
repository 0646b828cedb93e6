package io.strand.grpc.autoconfigure.client;

import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessSocketAddress;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.client.ChannelSettings;
import io.strand.grpc.client.GrpcChannelCustomizer;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.GrpcGlobalClientInterceptor;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.StockGrpc.StockBlockingStub;
import io.strand.grpc.testing.StockGrpc.StockImplBase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.annotation.DirtiesContext.ClassMode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * A test sends every channel to the application's own server, in-process, and all else
 * stays as it is configured for production.
 */
@ExtendWith(LeakCheckExtension.class)
@SpringBootTest(properties = { "strand.test.in-process=true",
		// as in production
		"strand.server.port=9090", "strand.client.channels.default.target=dns:///gateway.invalid:443",
		"strand.client.channels.default.ssl.enabled=true", "strand.client.channels.default.deadline=30s",
		"strand.client.channels.stock.target=static://stock-1.invalid:9090,stock-2.invalid:9090",
		"strand.client.channels.stock.deadline=5s", "strand.client.channels.stock.authority=stock.shop",
		"strand.client.channels.stock.load-balancing-policy=round_robin",
		"strand.client.channels.stock.keep-alive.time=30s", "strand.client.channels.stock.connect=wait" })
@DirtiesContext(classMode = ClassMode.AFTER_EACH_TEST_METHOD)
class InProcessChannelsTests {

	@Autowired
	private EchoBlockingStub echo;

	@Autowired
	private StockBlockingStub stock;

	@Autowired
	private Log log;

	@Test
	void theApplicationsOwnServerIsReachedAndHasNoOtherAddress(@Autowired GrpcServer server) {
		assertThat(server.getLocalAddress()).isInstanceOf(InProcessSocketAddress.class);
		Message message = Message.newBuilder().setText("hello").build();
		assertThat(this.echo.unary(message)).isEqualTo(message);
		assertThat(this.log.peers).hasOnlyElementsOfType(InProcessSocketAddress.class);
	}

	@Test
	void aServiceOfTheTestStandsInForAnotherServer() {
		assertThat(this.stock.reserve(Message.getDefaultInstance()).getText()).isEqualTo("faked");
	}

	@Test
	void deadlinesOfTheChannelsApply() {
		assertThatExceptionOfType(StatusRuntimeException.class)
			.isThrownBy(() -> this.stock.reserve(Message.newBuilder().setText("wait").build()))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
	}

	@Test
	void interceptorsAndCustomizersApplyWithTheNamesOfTheChannels() {
		this.echo.unary(Message.getDefaultInstance());
		this.stock.reserve(Message.getDefaultInstance());
		assertThat(this.log.methods).containsExactly("strand.testing.Echo/Unary", "strand.testing.Stock/Reserve");
		assertThat(this.log.builders).containsExactly("default", "stock");
	}

	@Test
	void settingsOfTheChannelsApply() {
		this.stock.reserve(Message.getDefaultInstance());
		assertThat(this.stock.getChannel().authority()).isEqualTo("stock.shop");
	}

	@Test
	void channelsMadeAtRunTimeGoThereToo(@Autowired GrpcChannels channels) {
		Channel made = channels.create("branch.invalid:9090", ChannelSettings.builder().build());
		assertThat(EchoGrpc.newBlockingStub(made).unary(Message.getDefaultInstance())).isNotNull();
	}

	static class Log {

		final List<String> methods = new CopyOnWriteArrayList<>();

		final List<String> builders = new CopyOnWriteArrayList<>();

		final List<SocketAddress> peers = new CopyOnWriteArrayList<>();

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		Log log() {
			return new Log();
		}

		@Bean
		@GrpcService
		EchoService echo(Log log) {
			return new EchoService() {

				@Override
				public void unary(Message request, StreamObserver<Message> responses) {
					log.peers.add(GrpcCall.current().peer());
					super.unary(request, responses);
				}

			};
		}

		@Bean
		GrpcChannelCustomizer customizer(Log log) {
			return (String name, ManagedChannelBuilder<?> builder) -> {
				assertThat(builder).isInstanceOf(InProcessChannelBuilder.class);
				log.builders.add(name);
			};
		}

		@Bean
		@GrpcGlobalClientInterceptor
		ClientInterceptor interceptor(Log log) {
			return new ClientInterceptor() {

				@Override
				public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options,
						Channel next) {
					log.methods.add(method.getFullMethodName());
					return next.newCall(method, options);
				}

			};
		}

	}

	@TestConfiguration(proxyBeanMethods = false)
	static class Fakes {

		@Bean
		@GrpcService
		StockImplBase stock() {
			return new StockImplBase() {

				@Override
				public void reserve(Message request, StreamObserver<Message> responses) {
					if (!request.getText().equals("wait")) {
						responses.onNext(Message.newBuilder().setText("faked").build());
						responses.onCompleted();
					}
				}

			};
		}

	}

}
