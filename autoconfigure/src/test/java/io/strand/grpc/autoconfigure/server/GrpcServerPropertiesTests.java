package io.strand.grpc.autoconfigure.server;

import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

import com.google.protobuf.ByteString;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessSocketAddress;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.FreePort;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestCertificates;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * Tests for {@link GrpcServerProperties}: that each of them does what it says.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcServerPropertiesTests {

	@TempDir
	static Path certificateDirectory;

	private static TestCertificates certificates;

	private final ApplicationContextRunner runner = ServerContext.runner().withUserConfiguration(Echo.class);

	@BeforeAll
	static void makeCertificates() {
		certificates = TestCertificates.in(certificateDirectory);
	}

	@Test
	void defaultsAreTheDocumentedOnes() {
		GrpcServerProperties properties = new GrpcServerProperties();
		assertThat(properties.isEnabled()).isTrue();
		assertThat(properties.getPort()).isEqualTo(9090);
		assertThat(properties.getAddress()).isNull();
		assertThat(properties.getUnixSocket()).isNull();
		assertThat(properties.getInProcess().getName()).isNull();
		assertThat(properties.isServeAllBindableServices()).isTrue();
		assertThat(properties.getShutdownGracePeriod()).isEqualTo(Duration.ofSeconds(20));
		assertThat(properties.getShutdownDrainDelay()).isZero();
		assertThat(properties.getSsl().getBundle()).isNull();
		assertThat(properties.getMaxInboundMessageSize()).hasToString("4194304B");
		assertThat(properties.getMaxInboundMetadataSize()).hasToString("8192B");
	}

	@Test
	void portIsListenedOn() throws Exception {
		int port = FreePort.find();
		this.runner.withPropertyValues("strand.server.port=" + port).run((context) -> {
			assertThat(ServerContext.server(context).getPort()).isEqualTo(port);
			try (TestClient client = TestClient.tcp(port)) {
				assertThat(client.echo("hello")).isEqualTo("hello");
			}
		});
	}

	@Test
	void addressIsBoundTo() {
		this.runner.withPropertyValues("strand.server.address=127.0.0.1")
			.run((context) -> assertThat(ServerContext.server(context).getLocalAddress())
				.isEqualTo(new InetSocketAddress(InetAddress.getByName("127.0.0.1"),
						ServerContext.server(context).getPort())));
	}

	@Test
	void otherAddressesOfTheMachineAreNotListenedOn() {
		// All of 127/8 is this machine where it is Linux
		assumeTrue(System.getProperty("os.name").startsWith("Linux"));
		this.runner.withPropertyValues("strand.server.address=127.0.0.2").run((context) -> {
			int port = ServerContext.server(context).getPort();
			try (Socket listening = new Socket("127.0.0.2", port)) {
				assertThat(listening.isConnected()).isTrue();
			}
			assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> new Socket("127.0.0.1", port).close());
		});
	}

	@Test
	void emptyTextsMeanNotSet() {
		this.runner
			.withPropertyValues("strand.server.address=", "strand.server.unix-socket=",
					"strand.server.in-process.name=", "strand.server.ssl.bundle=")
			.run((context) -> {
				assertThat(context).hasNotFailed();
				assertThat(ServerContext.server(context).getLocalAddress()).isInstanceOf(InetSocketAddress.class);
				try (TestClient client = ServerContext.client(context)) {
					assertThat(client.echo("hello")).isEqualTo("hello");
				}
			});
	}

	@Test
	void portMinusOneListensOnNoPort() {
		this.runner.withPropertyValues("strand.server.port=-1").run((context) -> {
			GrpcServer server = ServerContext.server(context);
			assertThat(server.isRunning()).isTrue();
			assertThat(server.getPort()).isEqualTo(-1);
			assertThat(server.getLocalAddress()).isNull();
			assertThat(context.getEnvironment().containsProperty("local.grpc.server.port")).isFalse();
		});
	}

	@Test
	void inProcessNameIsServedBesideThePort() {
		this.runner.withPropertyValues("strand.server.in-process.name=beside").run((context) -> {
			try (TestClient inProcess = TestClient.inProcess("beside");
					TestClient tcp = ServerContext.client(context)) {
				assertThat(inProcess.echo("in-process")).isEqualTo("in-process");
				assertThat(tcp.echo("tcp")).isEqualTo("tcp");
			}
		});
	}

	@Test
	void inProcessNameIsServedWithoutAPort() {
		this.runner.withPropertyValues("strand.server.port=-1", "strand.server.in-process.name=alone")
			.run((context) -> {
				assertThat(ServerContext.server(context).getLocalAddress())
					.isEqualTo(new InProcessSocketAddress("alone"));
				try (TestClient client = TestClient.inProcess("alone")) {
					assertThat(client.echo("hello")).isEqualTo("hello");
				}
			});
	}

	@Test
	void unixSocketIsServedBesideThePortAndItsFileIsRemovedByTheStop(@TempDir Path directory) {
		Path socket = directory.resolve("grpc.sock");
		this.runner.withPropertyValues("strand.server.unix-socket=" + socket).run((context) -> {
			assertThat(Files.exists(socket)).isTrue();
			try (TestClient unix = TestClient.unixSocket(socket); TestClient tcp = ServerContext.client(context)) {
				assertThat(unix.echo("unix")).isEqualTo("unix");
				assertThat(tcp.echo("tcp")).isEqualTo("tcp");
			}
		});
		assertThat(Files.exists(socket)).isFalse();
	}

	@Test
	void sslBundleIsUsedOnThePort() {
		this.runner.withPropertyValues(certificates.serverBundle("shop"))
			.withPropertyValues("strand.server.ssl.bundle=shop")
			.run((context) -> {
				int port = ServerContext.server(context).getPort();
				try (TestClient client = TestClient.tcp(port, certificates.clientCredentials())) {
					assertThat(client.echo("secret")).isEqualTo("secret");
				}
				try (TestClient plaintext = TestClient.tcp(port)) {
					assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> plaintext.echo("secret"))
						.extracting((ex) -> ex.getStatus().getCode())
						.isEqualTo(Status.Code.UNAVAILABLE);
				}
			});
	}

	@Test
	void sslProtocolsOfTheBundleAreHeldTo() {
		this.runner.withPropertyValues(certificates.serverBundle("shop"))
			.withPropertyValues("strand.server.ssl.bundle=shop",
					"spring.ssl.bundle.jks.shop.options.enabled-protocols=TLSv1.2",
					"spring.ssl.bundle.jks.shop.options.ciphers=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
			.run((context) -> {
				try (SSLSocket socket = handshake(ServerContext.server(context).getPort())) {
					assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.2");
					assertThat(socket.getSession().getCipherSuite())
						.isEqualTo("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
				}
			});
	}

	private static SSLSocket handshake(int port) throws Exception {
		KeyStore trust = KeyStore.getInstance(certificates.trustStore().toFile(),
				TestCertificates.PASSWORD.toCharArray());
		TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
		managers.init(trust);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, managers.getTrustManagers(), null);
		SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port);
		SSLParameters parameters = socket.getSSLParameters();
		parameters.setApplicationProtocols(new String[] { "h2" });
		socket.setSSLParameters(parameters);
		socket.startHandshake();
		return socket;
	}

	@Test
	void messageOverTheLimitIsRefusedAndOneBelowIsNot() {
		this.runner.withPropertyValues("strand.server.max-inbound-message-size=2KB").run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(client.echo().unary(payload(2000)).getPayload().size()).isEqualTo(2000);
				assertThatExceptionOfType(StatusRuntimeException.class)
					.isThrownBy(() -> client.echo().unary(payload(2048)))
					.extracting((ex) -> ex.getStatus().getCode())
					.isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
			}
		});
	}

	private static Message payload(int size) {
		return Message.newBuilder().setPayload(ByteString.copyFrom(new byte[size])).build();
	}

	@Test
	void headersOverTheLimitAreRefusedAndThoseBelowAreNot() {
		this.runner.withPropertyValues("strand.server.max-inbound-metadata-size=1KB").run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(echoWithHeader(client, 100)).isEqualTo("hello");
				assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> echoWithHeader(client, 1024));
			}
		});
	}

	private static String echoWithHeader(TestClient client, int size) {
		Metadata headers = new Metadata();
		headers.put(Metadata.Key.of("filler", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(size));
		return client.echo()
			.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
			.unary(Message.newBuilder().setText("hello").build())
			.getText();
	}

	@Test
	void gracePeriodWithoutUnitIsInSeconds() {
		this.runner.withPropertyValues("strand.server.shutdown-grace-period=3")
			.run((context) -> assertThat(context.getBean(GrpcServerProperties.class).getShutdownGracePeriod())
				.isEqualTo(Duration.ofSeconds(3)));
	}

	@Test
	void drainDelayWithoutUnitIsInSeconds() {
		// In-process there is no load balancer to wait for
		this.runner
			.withPropertyValues("strand.server.shutdown-drain-delay=600", "strand.server.port=-1",
					"strand.server.in-process.name=drained")
			.run((context) -> assertThat(context.getBean(GrpcServerProperties.class).getShutdownDrainDelay())
				.isEqualTo(Duration.ofMinutes(10)));
	}

	@Test
	void negativeDrainDelayIsRefused() {
		this.runner.withPropertyValues("strand.server.shutdown-drain-delay=-1s")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("strand.server.shutdown-drain-delay")
				.hasMessageContaining("It must not be negative."));
	}

	@Configuration(proxyBeanMethods = false)
	static class Echo {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

	}

}
