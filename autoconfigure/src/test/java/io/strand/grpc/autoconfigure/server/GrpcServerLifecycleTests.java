package io.strand.grpc.autoconfigure.server;

import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerEvent;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the life of the server in a context.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class GrpcServerLifecycleTests {

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(EchoService.class)
		.withBean(CounterService.class);

	@Test
	void startsAfterOtherLifecycleBeansAndStopsBeforeThem() {
		List<String> journal = new CopyOnWriteArrayList<>();
		this.runner.withUserConfiguration(OtherLifecycles.class)
			.withBean("journal", List.class, () -> journal)
			.run((context) -> {
				assertThat(journal).containsExactly("phase 0 starts before the server",
						"web server starts before the server", "default phase starts before the server");
				journal.clear();
			});
		assertThat(journal).contains("web server stops after the server", "phase 0 stops after the server");
	}

	@Test
	void eventsComeInOrderAndSeeTheServerInTheirState() {
		List<String> journal = new CopyOnWriteArrayList<>();
		this.runner.withUserConfiguration(Listener.class)
			.withBean("journal", List.class, () -> journal)
			.run((context) -> assertThat(journal)
				.containsExactly("GrpcServerStartedEvent running=true port=true local.grpc.server.port=true"));
		assertThat(journal).containsExactly("GrpcServerStartedEvent running=true port=true local.grpc.server.port=true",
				"GrpcServerStoppingEvent running=true port=true local.grpc.server.port=true",
				"GrpcServerStoppedEvent running=false port=false local.grpc.server.port=false");
	}

	@Test
	void stoppedAndStartedAgainServesAndPublishesItsNewPort() {
		this.runner.run((context) -> {
			GrpcServer server = ServerContext.server(context);
			int firstPort = server.getPort();
			context.getSourceApplicationContext().stop();
			assertThat(server.isRunning()).isFalse();
			assertThat(server.getPort()).isEqualTo(-1);
			// Takes the first port, so that the second is another one
			try (ServerSocket taken = new ServerSocket(firstPort)) {
				assertThat(taken.isBound()).isTrue();
				context.getSourceApplicationContext().start();
			}
			assertThat(server.getPort()).isNotEqualTo(firstPort);
			assertThat(context.getEnvironment().getProperty("local.grpc.server.port", Integer.class))
				.isEqualTo(server.getPort());
			try (TestClient client = ServerContext.client(context)) {
				assertThat(client.echo("hello")).isEqualTo("hello");
			}
		});
	}

	@Test
	void logLineHasAddressTransportThreadKindAndServices(CapturedOutput output) {
		this.runner.withPropertyValues("strand.server.address=localhost", "strand.server.in-process.name=logged")
			.run((context) -> {
				String threads = (Runtime.version().feature() >= 21) ? "virtual" : "platform";
				assertThat(output).containsOnlyOnce(
						"gRPC server started on localhost:%d (plaintext), in-process:logged, each call on its own %s thread, serving strand.testing.Echo, strand.testing.Counter"
							.formatted(ServerContext.server(context).getPort(), threads));
			});
	}

	@Test
	void logLineSaysWhenNothingIsListenedOn(CapturedOutput output) {
		this.runner.withPropertyValues("strand.server.port=-1")
			.run((context) -> assertThat(output)
				.contains("gRPC server has no address to listen on (strand.server.port=-1"));
	}

	@Test
	void warnsWhereSpringWouldNotWaitAsLong(CapturedOutput output) {
		this.runner.withPropertyValues("spring.lifecycle.timeout-per-shutdown-phase=10s")
			.run((context) -> assertThat(output).contains("A stop of the gRPC server may take 23000 ms"
					+ " (strand.server.shutdown-drain-delay=0ms, strand.server.shutdown-grace-period=20000ms), but"
					+ " Spring waits no longer than spring.lifecycle.timeout-per-shutdown-phase=10000ms"));
	}

	@Test
	void doesNotWarnWhereSpringWaitsAsLong(CapturedOutput output) {
		this.runner.run((context) -> assertThat(output).doesNotContain("timeout-per-shutdown-phase"));
	}

	@Configuration(proxyBeanMethods = false)
	static class OtherLifecycles {

		@Bean
		Other defaultPhase(ObjectProvider<GrpcServer> server, List<String> journal) {
			return new Other("default phase", SmartLifecycle.DEFAULT_PHASE, server, journal);
		}

		/** Where Spring Boot starts its web server. */
		@Bean
		Other web(ObjectProvider<GrpcServer> server, List<String> journal) {
			return new Other("web server", SmartLifecycle.DEFAULT_PHASE - 2048, server, journal);
		}

		@Bean
		Other zero(ObjectProvider<GrpcServer> server, List<String> journal) {
			return new Other("phase 0", 0, server, journal);
		}

	}

	static class Other implements SmartLifecycle {

		private final String name;

		private final int phase;

		private final ObjectProvider<GrpcServer> server;

		private final List<String> journal;

		private volatile boolean running;

		Other(String name, int phase, ObjectProvider<GrpcServer> server, List<String> journal) {
			this.name = name;
			this.phase = phase;
			this.server = server;
			this.journal = journal;
		}

		@Override
		public void start() {
			this.running = true;
			this.journal.add(this.name + " starts "
					+ (this.server.getObject().isRunning() ? "after the server" : "before the server"));
		}

		@Override
		public void stop() {
			this.running = false;
			this.journal.add(this.name + " stops "
					+ (this.server.getObject().isRunning() ? "before the server" : "after the server"));
		}

		@Override
		public boolean isRunning() {
			return this.running;
		}

		@Override
		public int getPhase() {
			return this.phase;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Listener {

		private final List<String> journal;

		private final Environment environment;

		Listener(List<String> journal, Environment environment) {
			this.journal = journal;
			this.environment = environment;
		}

		@EventListener
		void handle(GrpcServerEvent event) {
			int port = event.getServer().getPort();
			this.journal.add("%s running=%s port=%s local.grpc.server.port=%s".formatted(
					event.getClass().getSimpleName(), event.getServer().isRunning(), port > 0,
					this.environment.getProperty("local.grpc.server.port", Integer.class, 0) == port));
		}

	}

}
