package io.strand.grpc.autoconfigure.client;

import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

import javax.net.ssl.KeyManagerFactory;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.ServerCredentials;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.GrpcChannelCustomizer;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.BlockingStockService;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.StockGrpc;
import io.strand.grpc.testing.StockGrpc.StockFutureStub;
import io.strand.grpc.testing.TestCertificates;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.context.ApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Every property of a channel does what it says.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcClientPropertiesTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").setNumber(1).build();

	private static TestCertificates certificates;

	private RecordingServer server = RecordingServer.start(new EchoService(), new BlockingStockService());

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) {
		certificates = TestCertificates.in(directory);
	}

	@AfterEach
	void close() {
		this.server.close();
	}

	@Test
	void deadlineIsForUnaryCalls() {
		run(List.of("deadline=1h"), (stub, context) -> {
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().secondsLeft()).isBetween(3500L, 3600L);
			first(stub.serverStream(MESSAGE));
			assertThat(this.server.lastCall().deadline()).isNull();
		});
	}

	@Test
	void deadlineEndsACall() {
		try (RecordingServer silent = RecordingServer.start(new Silent())) {
			run(List.of("deadline=50ms", "target=" + silent.target()),
					(stub, context) -> assertThatExceptionOfType(StatusRuntimeException.class)
						.isThrownBy(() -> StockGrpc.newBlockingStub(stub.getChannel()).reserve(MESSAGE))
						.satisfies(
								(ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED)));
		}
	}

	@Test
	void streamDeadlineIsForStreams() {
		run(List.of("stream-deadline=1h"), (stub, context) -> {
			first(stub.serverStream(MESSAGE));
			assertThat(this.server.lastCall().secondsLeft()).isBetween(3500L, 3600L);
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().deadline()).isNull();
		});
	}

	@Test
	void anExplicitDeadlineWins() {
		run(List.of("deadline=1s", "stream-deadline=1s"), (stub, context) -> {
			stub.withDeadlineAfter(1, TimeUnit.HOURS).unary(MESSAGE);
			assertThat(this.server.lastCall().secondsLeft()).isBetween(3500L, 3600L);
			first(stub.withDeadlineAfter(1, TimeUnit.HOURS).serverStream(MESSAGE));
			assertThat(this.server.lastCall().secondsLeft()).isBetween(3500L, 3600L);
		});
	}

	@Test
	void aDeadlineOfZeroIsNone() {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.default.deadline=1h",
					"strand.client.channels.echo.target=" + this.server.target(),
					"strand.client.channels.echo.deadline=0")
			.withBean(Caller.class)
			.run((context) -> {
				context.getBean(Caller.class).stub.unary(MESSAGE);
				assertThat(this.server.lastCall().deadline()).isNull();
			});
	}

	@Test
	void keepAliveProbesASilentConnection() {
		// gRPC probes at most every 10 seconds, so the setting is read from the builder
		run(List.of("keep-alive.time=11s", "keep-alive.timeout=7s", "keep-alive.without-calls=true"),
				(stub, context) -> {
					stub.unary(MESSAGE);
					Object builder = context.getBean(BuilderKeeper.class).builder;
					assertThat(builder)
						.hasFieldOrPropertyWithValue("keepAliveTimeNanos", Duration.ofSeconds(11).toNanos())
						.hasFieldOrPropertyWithValue("keepAliveTimeoutNanos", Duration.ofSeconds(7).toNanos())
						.hasFieldOrPropertyWithValue("keepAliveWithoutCalls", true);
				});
	}

	@Test
	void idleTimeoutClosesTheConnection() {
		// gRPC lets a connection idle for a second at least
		run(List.of("idle-timeout=10ms"), (stub, context) -> {
			stub.unary(MESSAGE);
			assertThat(this.server.openConnections()).isEqualTo(1);
			await().atMost(Duration.ofSeconds(30)).until(() -> this.server.openConnections() == 0);
			stub.unary(MESSAGE);
			assertThat(this.server.connections()).isEqualTo(2);
		});
	}

	@Test
	void maxInboundMessageSizeRefusesLargerMessages() {
		run(List.of("max-inbound-message-size=1KB"), (stub, context) -> {
			stub.unary(payload(900));
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> stub.unary(payload(1100)))
				.withMessageContaining("RESOURCE_EXHAUSTED")
				.withMessageContaining("1024");
		});
	}

	@Test
	void maxInboundMessageSizeMayBeLargerThanTheDefault() {
		this.server.close();
		this.server = RecordingServer.start(NettyServerBuilder.forPort(0).maxInboundMessageSize(10_000_000),
				new EchoService());
		run(List.of("max-inbound-message-size=10MB"),
				(stub, context) -> assertThat(stub.unary(payload(5_000_000)).getPayload().size()).isEqualTo(5_000_000));
	}

	@Test
	void maxInboundMetadataSizeRefusesLargerHeaders() {
		this.server.close();
		Metadata metadata = new Metadata();
		metadata.put(Metadata.Key.of("large", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(2000));
		this.server = RecordingServer.start(
				NettyServerBuilder.forPort(0).intercept(MetadataUtils.newAttachMetadataServerInterceptor(metadata)),
				new EchoService());
		run(List.of("max-inbound-metadata-size=3KB"), (stub, context) -> stub.unary(MESSAGE));
		run(List.of("max-inbound-metadata-size=1KB"),
				(stub, context) -> assertThatExceptionOfType(StatusRuntimeException.class)
					.isThrownBy(() -> stub.unary(MESSAGE))
					.havingRootCause()
					.withMessageContaining("Header size exceeded"));
	}

	@Test
	void userAgentIsSent() {
		run(List.of("user-agent=shop/1.0"), (stub, context) -> {
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().header("user-agent")).startsWith("shop/1.0 grpc-java-netty/");
		});
	}

	@Test
	void authorityIsSent() {
		run(List.of("authority=stock.internal"), (stub, context) -> {
			stub.unary(MESSAGE);
			assertThat(this.server.lastCall().authority()).isEqualTo("stock.internal");
		});
	}

	@Test
	void loadBalancingPolicyIsUsed() {
		try (RecordingServer second = RecordingServer.start(new EchoService())) {
			run(List.of("target=static://%s,%s".formatted(this.server.target(), second.target()),
					"load-balancing-policy=pick_first"), (stub, context) -> {
						for (int i = 0; i < 20; i++) {
							stub.unary(MESSAGE);
						}
						assertThat(this.server.calls()).hasSize(20);
						assertThat(second.calls()).isEmpty();
					});
		}
	}

	@Test
	void sslBundleIsTrusted() throws Exception {
		try (RecordingServer secure = secure(certificates)) {
			ClientContext.runner()
				.withPropertyValues(certificates.clientBundle("stock"))
				.withPropertyValues("strand.client.channels.default.target=" + secure.target(),
						"strand.client.channels.default.ssl.bundle=stock")
				.withBean(Caller.class)
				.run((context) -> assertThat(context.getBean(Caller.class).stub.unary(MESSAGE)).isEqualTo(MESSAGE));
		}
	}

	@Test
	void aCertificateThatTheBundleDoesNotTrustIsRefused(@TempDir Path directory) throws Exception {
		TestCertificates others = TestCertificates.in(directory);
		try (RecordingServer secure = secure(certificates)) {
			ClientContext.runner()
				.withPropertyValues(others.clientBundle("stock"))
				.withPropertyValues("strand.client.channels.default.target=" + secure.target(),
						"strand.client.channels.default.ssl.bundle=stock")
				.withBean(Caller.class)
				.run((context) -> assertRefused(context));
		}
	}

	@Test
	void sslEnabledTrustsWhatTheJvmTrusts() throws Exception {
		try (RecordingServer secure = secure(certificates)) {
			run(List.of("target=" + secure.target(), "ssl.enabled=true"), (stub, context) -> assertRefused(context));
			assertThat(secure.calls()).isEmpty();
		}
	}

	@Test
	void plaintextIsRefusedByAServerWithTls() throws Exception {
		try (RecordingServer secure = secure(certificates)) {
			run(List.of("target=" + secure.target()), (stub, context) -> assertRefused(context));
		}
	}

	@Test
	void sslMayBeSwitchedOffWhereTheDefaultHasIt() {
		ClientContext.runner()
			.withPropertyValues(certificates.clientBundle("stock"))
			.withPropertyValues("strand.client.channels.default.ssl.bundle=stock",
					"strand.client.channels.echo.target=" + this.server.target(),
					"strand.client.channels.echo.ssl.enabled=false")
			.withBean(Caller.class)
			.run((context) -> assertThat(context.getBean(Caller.class).stub.unary(MESSAGE)).isEqualTo(MESSAGE));
	}

	@Test
	void everythingButTheServicesIsInheritedFromTheDefault() throws Exception {
		try (RecordingServer secure = secure(certificates)) {
			ClientContext.runner()
				.withPropertyValues(certificates.clientBundle("stock"))
				.withPropertyValues("strand.client.channels.default.target=" + secure.target(),
						"strand.client.channels.default.ssl.bundle=stock", "strand.client.channels.default.deadline=1h",
						"strand.client.channels.default.stream-deadline=2h",
						"strand.client.channels.default.keep-alive.time=11s",
						"strand.client.channels.default.keep-alive.timeout=7s",
						"strand.client.channels.default.keep-alive.without-calls=true",
						"strand.client.channels.default.idle-timeout=3h",
						"strand.client.channels.default.max-inbound-message-size=1KB",
						"strand.client.channels.default.user-agent=inherited",
						"strand.client.channels.default.authority=localhost",
						"strand.client.channels.default.services=strand.testing.Echo",
						"strand.client.channels.other.user-agent=own")
				.withBean(NamedCaller.class)
				.withBean(BuilderKeeper.class)
				.run((context) -> {
					EchoBlockingStub stub = context.getBean(NamedCaller.class).stub;
					stub.unary(MESSAGE);
					assertThat(secure.lastCall().header("user-agent")).startsWith("own ");
					assertThat(secure.lastCall().authority()).isEqualTo("localhost");
					assertThat(secure.lastCall().secondsLeft()).isBetween(3500L, 3600L);
					first(stub.serverStream(MESSAGE));
					assertThat(secure.lastCall().secondsLeft()).isBetween(7100L, 7200L);
					assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> stub.unary(payload(1100)));
					assertThat(context.getBean(BuilderKeeper.class).builder)
						.hasFieldOrPropertyWithValue("keepAliveTimeNanos", Duration.ofSeconds(11).toNanos())
						.hasFieldOrPropertyWithValue("keepAliveWithoutCalls", true);
				});
		}
	}

	@Test
	void shutdownGracePeriodIsHowLongClosingWaits() {
		try (RecordingServer silent = RecordingServer.start(new Silent())) {
			long[] closed = new long[1];
			ClientContext.runner()
				.withPropertyValues("strand.client.channels.default.target=" + silent.target(),
						"strand.client.channels.default.shutdown-grace-period=300ms")
				.withBean(FutureCaller.class)
				.run((context) -> {
					context.getBean(FutureCaller.class).stub.reserve(MESSAGE);
					await().until(() -> !silent.calls().isEmpty());
					closed[0] = System.nanoTime();
				});
			assertThat(Duration.ofNanos(System.nanoTime() - closed[0])).isBetween(Duration.ofMillis(290),
					Duration.ofSeconds(5));
		}
	}

	@Test
	void namesWithDotsAreBoundInBrackets() {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.[strand.testing.Echo].target=" + this.server.target())
			.withBean(Caller.class)
			.run((context) -> {
				assertThat(context.getBean(Caller.class).stub.getChannel())
					.isSameAs(context.getBean(GrpcChannels.class).channel("strand.testing.Echo"));
				context.getBean(Caller.class).stub.unary(MESSAGE);
			});
	}

	private void run(List<String> properties, BiConsumer<EchoBlockingStub, ApplicationContext> calls) {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.default.target=" + this.server.target())
			.withPropertyValues(properties.stream()
				.map((property) -> "strand.client.channels.default." + property)
				.toArray(String[]::new))
			.withBean(Caller.class)
			.withBean(BuilderKeeper.class)
			.run((context) -> calls.accept(context.getBean(Caller.class).stub, context));
	}

	private static RecordingServer secure(TestCertificates certificates) throws Exception {
		KeyStore store = KeyStore.getInstance(certificates.keyStore().toFile(),
				TestCertificates.PASSWORD.toCharArray());
		KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
		keys.init(store, TestCertificates.PASSWORD.toCharArray());
		ServerCredentials credentials = TlsServerCredentials.newBuilder().keyManager(keys.getKeyManagers()).build();
		return RecordingServer.start(NettyServerBuilder.forPort(0, credentials), new EchoService());
	}

	private static void assertRefused(ApplicationContext context) {
		assertThatExceptionOfType(StatusRuntimeException.class)
			.isThrownBy(() -> context.getBean(Caller.class).stub.unary(MESSAGE))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
	}

	private static Message payload(int size) {
		return Message.newBuilder().setPayload(ByteString.copyFrom(new byte[size])).build();
	}

	private static void first(Iterator<Message> stream) {
		assertThat(stream.next()).isEqualTo(MESSAGE);
		assertThat(stream.hasNext()).isFalse();
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	static class NamedCaller {

		final EchoBlockingStub stub;

		NamedCaller(@GrpcClient("other") EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	static class FutureCaller {

		final StockFutureStub stub;

		FutureCaller(StockFutureStub stub) {
			this.stub = stub;
		}

	}

	/**
	 * Never answers.
	 */
	static class Silent extends StockGrpc.StockImplBase {

		@Override
		public void reserve(Message request, StreamObserver<Message> responses) {
		}

	}

	static class BuilderKeeper implements GrpcChannelCustomizer {

		volatile Object builder = Map.of();

		@Override
		public void customize(String channelName, ManagedChannelBuilder<?> builder) {
			this.builder = builder;
		}

	}

}
