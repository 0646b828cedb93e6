package io.strand.grpc.autoconfigure.server;

import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

import io.grpc.Server;
import io.grpc.inprocess.InProcessServerBuilder;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;
import io.strand.grpc.testing.CounterGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.EmptyService;
import io.strand.grpc.testing.FailedStart;
import io.strand.grpc.testing.FreePort;
import io.strand.grpc.testing.rules.BrokenGrpc;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestCertificates;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what a user reads when the server does not start.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class GrpcServerStartFailureTests {

	@Test
	void portInUse(CapturedOutput output) throws Exception {
		try (ServerSocket taken = new ServerSocket(0)) {
			FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=" + taken.getLocalPort());
			assertExplained(failed, "strand.server.port=" + taken.getLocalPort(), "The port is already in use.",
					"Stop the process that listens on the port, choose another one, or 0 for any free one.");
		}
	}

	@Test
	void portInUsePrintsNoStackTraceAndFewLines(CapturedOutput output) throws Exception {
		try (ServerSocket taken = new ServerSocket(0)) {
			FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=" + taken.getLocalPort());
			assertThat(failed.console()).noneMatch((line) -> line.startsWith("\tat ") || line.startsWith("Caused by"));
			// Spring Boot's: two lines of the start, a warning, two of a hint, four of
			// stars;
			// the analysis: two headings, what is wrong, what to do
			assertThat(failed.console()).filteredOn((line) -> !line.contains("o.s.cloud.context.scope"))
				.hasSizeLessThanOrEqualTo(13);
			// The class path of the tests has a tracing bridge, which adds an empty
			// column
			assertThat(failed.console()).allMatch((line) -> line.replaceAll("\\[ +] ", "").length() < 300);
		}
	}

	@Test
	void addressThatDoesNotResolve(CapturedOutput output) {
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=0",
				"--strand.server.address=no-such-host.invalid");
		assertExplained(failed, "strand.server.address=no-such-host.invalid",
				"The host name does not resolve to an address.",
				"Correct the name, use an address of this machine, or remove the property to listen on all of them.");
	}

	@Test
	void addressOfAnotherMachine(CapturedOutput output) {
		// A range that is reserved for documentation
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=0",
				"--strand.server.address=192.0.2.1");
		assertExplained(failed, "strand.server.address=192.0.2.1", "The address is not one of this machine.",
				"Use an address of this machine, or remove the property to listen on all of them.");
	}

	@ParameterizedTest
	@ValueSource(ints = { -2, 65536 })
	void portThatDoesNotExist(int port, CapturedOutput output) {
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=" + port);
		assertExplained(failed, "strand.server.port=" + port, "There is no such port.",
				"Use 1 to 65535, 0 for any free port, or -1 for no TCP port.");
	}

	@Test
	void portThatIsNoNumber(CapturedOutput output) {
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=grpc");
		assertThat(failed.analysis()).hasSizeLessThanOrEqualTo(16);
		assertThat(failed.text()).contains("strand.server.port", "\"grpc\"", "failed to convert");
	}

	@ParameterizedTest
	@ValueSource(strings = { "max-inbound-message-size=3GB", "max-inbound-message-size=0B",
			"max-inbound-metadata-size=-1B", "max-inbound-metadata-size=2GB" })
	void sizeThatGrpcHasNot(String property, CapturedOutput output) {
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server." + property);
		assertExplained(failed, "strand.server." + property.split("=")[0] + "=", "gRPC has no such limit.",
				"Use a size from 1B to 2147483647B");
	}

	@Test
	void unixSocketWithoutDirectory(@TempDir Path directory, CapturedOutput output) {
		Path socket = directory.resolve("missing/grpc.sock");
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=0",
				"--strand.server.unix-socket=" + socket);
		assertExplained(failed, "strand.server.unix-socket=" + socket, "The socket cannot be made: ",
				"Check that its directory exists and is writable");
	}

	@Test
	void unixSocketThatIsAFile(@TempDir Path directory, CapturedOutput output) throws Exception {
		Path file = Files.createFile(directory.resolve("file"));
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=0",
				"--strand.server.unix-socket=" + file);
		assertExplained(failed, "strand.server.unix-socket=" + file, "A file that is no socket is in the way.",
				"Remove the file or choose another path.");
	}

	@Test
	void unixSocketInUse(@TempDir Path directory, CapturedOutput output) throws Exception {
		Path socket = directory.resolve("grpc.sock");
		try (ServerSocketChannel taken = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
			taken.bind(UnixDomainSocketAddress.of(socket));
			FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=0",
					"--strand.server.unix-socket=" + socket);
			assertExplained(failed, "strand.server.unix-socket=" + socket, "Another process listens on the socket.",
					"Stop that process or choose another path.");
		}
	}

	@Test
	void unixSocketThatFailsReleasesThePort(@TempDir Path directory, CapturedOutput output) throws Exception {
		int port = FreePort.find();
		FailedStart.of(Echo.class, output, "--strand.server.port=" + port,
				"--strand.server.unix-socket=" + directory.resolve("missing/grpc.sock"));
		try (ServerSocket again = new ServerSocket()) {
			again.bind(new InetSocketAddress(port));
			assertThat(again.isBound()).isTrue();
		}
	}

	@Test
	void inProcessNameInUse(CapturedOutput output) throws Exception {
		Server taken = InProcessServerBuilder.forName("taken").directExecutor().build().start();
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=-1",
				"--strand.server.in-process.name=taken");
		taken.shutdownNow().awaitTermination();
		assertExplained(failed, "strand.server.in-process.name=taken",
				"An in-process server of this name runs in this JVM already.", "Choose another name.");
	}

	@Test
	void sslBundleThatDoesNotExist(CapturedOutput output) {
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=0",
				"--strand.server.ssl.bundle=shop");
		assertExplained(failed, "strand.server.ssl.bundle=shop", "There is no SSL bundle of this name. Bundles: none.",
				"Correct the name, or define spring.ssl.bundle.pem.shop or spring.ssl.bundle.jks.shop.");
	}

	@Test
	void sslBundleWithoutKey(@TempDir Path directory, CapturedOutput output) {
		String[] bundle = TestCertificates.in(directory).clientBundle("shop");
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=0",
				"--strand.server.ssl.bundle=shop", "--" + bundle[0], "--" + bundle[1], "--" + bundle[2]);
		assertExplained(failed, "strand.server.ssl.bundle=shop",
				"The SSL bundle has no key store, so the server has no certificate.",
				"Correct the properties of the bundle, spring.ssl.bundle.pem.shop or spring.ssl.bundle.jks.shop.");
	}

	@Test
	void sslBundleWhoseFileIsMissing(@TempDir Path directory, CapturedOutput output) {
		FailedStart failed = FailedStart.of(Echo.class, output, "--strand.server.port=0",
				"--strand.server.ssl.bundle=shop", "--spring.ssl.bundle.jks.shop.keystore.password=secret",
				"--spring.ssl.bundle.jks.shop.keystore.location=" + directory.resolve("none.p12").toUri());
		assertExplained(failed, "strand.server.ssl.bundle=shop", "The SSL bundle cannot be used: ",
				"Correct the properties of the bundle");
		assertThat(failed.text()).contains("none.p12").doesNotContain("secret");
	}

	@Test
	void twoBeansForOneProtoService(CapturedOutput output) {
		FailedStart failed = FailedStart.of(TwoEchos.class, output, "--strand.server.port=0");
		assertExplained(failed, "strand.testing.Echo", "Two beans serve the proto service 'strand.testing.Echo': ",
				"Remove one of them, or keep it from being a bean.");
		assertThat(failed.text()).contains("'firstEcho'", "'secondEcho'");
	}

	@Test
	void serviceWithoutMethods(CapturedOutput output) {
		FailedStart failed = FailedStart.of(NoMethods.class, output, "--strand.server.port=0");
		assertExplained(failed, "'emptyService'", "The proto service 'strand.testing.Empty' of bean 'emptyService'",
				"Add an rpc to the service in its .proto file, or remove the bean.");
	}

	@Test
	void annotatedBeanThatIsNoService(CapturedOutput output) {
		FailedStart failed = FailedStart.of(NoService.class, output, "--strand.server.port=0");
		assertExplained(failed, "'notAService'", "has @GrpcService but is not a gRPC service.",
				"Let it extend the generated …ImplBase of its proto service.");
	}

	@Test
	void methodsThatDoNotFit(CapturedOutput output) {
		FailedStart failed = FailedStart.of(UnfitMethods.class, output, "--strand.server.port=0");
		assertExplained(failed, "The methods of bean 'unfit' (" + UnfitCounter.class.getName() + ")",
				"    - rpc Next: expected 'Message next(Message)', found 'void next(Message)'.",
				"Correct the methods, or the class that @GrpcService names (CounterGrpc.class).");
	}

	@Test
	void adviceThatCannotBeUsed(CapturedOutput output) {
		FailedStart failed = FailedStart.of(Mistaken.class, output, "--strand.server.port=0");
		assertExplained(failed, "MistakenAdvice.text returns java.lang.String",
				"Methods with @GrpcExceptionHandler cannot be used:", "Correct the methods.");
	}

	@Test
	void rulesOfRequestsThatDoNotCompile(CapturedOutput output) {
		FailedStart failed = FailedStart.of(BrokenRules.class, output, "--strand.server.port=0");
		assertThat(failed.text()).contains("Rules of requests cannot be compiled:", "strand.rules.Broken",
				"Correct the rules in the .proto file, or set strand.server.validation.enabled=false");
	}

	private static void assertExplained(FailedStart failed, String subject, String reason, String remedy) {
		assertThat(failed.analysis()).hasSizeLessThanOrEqualTo(10);
		assertThat(failed.text()).contains(subject, reason, "Action:", remedy);
		assertThat(failed.text()).doesNotContain("null", "..");
	}

	@SpringBootConfiguration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Echo {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

	}

	@SpringBootConfiguration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class TwoEchos {

		@Bean
		@GrpcService
		EchoService firstEcho() {
			return new EchoService();
		}

		@Bean
		EchoService secondEcho() {
			return new EchoService();
		}

	}

	@SpringBootConfiguration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Mistaken extends Echo {

		@Bean
		MistakenAdvice mistakenAdvice() {
			return new MistakenAdvice();
		}

	}

	@GrpcAdvice
	static class MistakenAdvice {

		@GrpcExceptionHandler
		String text(IllegalStateException exception) {
			return "";
		}

	}

	@SpringBootConfiguration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class BrokenRules {

		@Bean
		BrokenGrpc.BrokenImplBase broken() {
			return new BrokenGrpc.BrokenImplBase() {
			};
		}

	}

	@SpringBootConfiguration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class NoMethods {

		@Bean
		EmptyService emptyService() {
			return new EmptyService();
		}

	}

	@SpringBootConfiguration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class NoService {

		@Bean
		@GrpcService
		Runnable notAService() {
			return () -> {
			};
		}

	}

	@SpringBootConfiguration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class UnfitMethods {

		@Bean
		@GrpcService(CounterGrpc.class)
		UnfitCounter unfit() {
			return new UnfitCounter();
		}

	}

	static class UnfitCounter {

		void next(Message request) {
		}

	}

}
