package io.strand.grpc.autoconfigure.client.container;

import java.util.List;

import io.strand.grpc.autoconfigure.client.GrpcChannelConnectionDetails;
import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.annotation.DirtiesContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A container becomes the peer of a channel by Spring Boot's annotation. There is no
 * Docker: the container only says that it runs, and a server of this JVM is behind its
 * port.
 */
@ExtendWith(LeakCheckExtension.class)
@SpringBootTest(properties = { "strand.client.channels.stock.target=stock.invalid:443",
		"strand.client.channels.stock.ssl.enabled=true", "strand.client.channels.stock.user-agent=mine" })
@DirtiesContext
class TestcontainersGrpcChannelFactoryTests {

	@ServiceConnection("grpc")
	static final PretendedContainer container = new PretendedContainer();

	@AfterAll
	static void stop() {
		container.stop();
	}

	@Test
	void aContainerIsThePeerOfTheChannelThatItsLabelNames(@Autowired GrpcChannelConnectionDetails details,
			@Autowired GrpcChannels channels) {
		assertThat(details.getChannelName()).isEqualTo("stock");
		assertThat(details.getSslBundle()).isNull();
		assertThat(container.isRunning()).isTrue();
		EchoGrpc.newBlockingStub(channels.channel("stock")).unary(Message.getDefaultInstance());
		assertThat(container.server().lastCall().header("user-agent")).startsWith("mine ");
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

	static class PretendedContainer extends GenericContainer<PretendedContainer> {

		private volatile @Nullable RecordingServer server;

		PretendedContainer() {
			super(DockerImageName.parse("example/stock:1"));
			withLabel("strand.grpc.channel", "stock").withLabel("strand.grpc.port", "9090");
		}

		RecordingServer server() {
			RecordingServer current = this.server;
			assertThat(current).isNotNull();
			return current;
		}

		@Override
		public String getDockerImageName() {
			return "example/stock:1";
		}

		@Override
		public void start() {
			this.server = RecordingServer.start(new EchoService());
		}

		@Override
		public void stop() {
			RecordingServer current = this.server;
			this.server = null;
			if (current != null) {
				current.close();
			}
		}

		@Override
		public boolean isRunning() {
			return this.server != null;
		}

		@Override
		public String getHost() {
			return "localhost";
		}

		@Override
		public Integer getMappedPort(int originalPort) {
			assertThat(originalPort).isEqualTo(9090);
			return server().port();
		}

		@Override
		public List<Integer> getExposedPorts() {
			return List.of(9090, 8080);
		}

	}

}
