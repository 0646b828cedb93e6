package io.strand.grpc.autoconfigure.properties;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

import io.strand.grpc.testing.FailedStart;
import io.strand.grpc.testing.LeakCheckExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what a user reads who misspelt a property.
 */
@ExtendWith({ OutputCaptureExtension.class, LeakCheckExtension.class })
class UnknownPropertyFailureTests {

	@TempDir
	private Path directory;

	@ParameterizedTest
	@CsvSource({ "strand.sever.port, strand.server.port", "strand.server.prt, strand.server.port",
			"strand.client.channels.stock.targt, strand.client.channels.stock.target",
			"strand.server.inprocess.nam, strand.server.in-process.name",
			"strand.clients.channels.stock.target, strand.client.channels.stock.target",
			"strand.server.port.number, strand.server.port",
			"strand.client.channels.stock.keep-alive.tim, strand.client.channels.stock.keep-alive.time" })
	void commandLine(String wrong, String right, CapturedOutput output) {
		FailedStart failed = FailedStart.of(Application.class, output, "--" + wrong + "=4711");
		assertExplained(failed, wrong, "4711", "\"%s\" from property source \"commandLineArgs\"".formatted(wrong));
		assertThat(failed.text()).contains("Did you mean '%s'?".formatted(right));
	}

	@ParameterizedTest
	@CsvSource({ "strand.client.channels[*].deadline, 1s", "strand.client.channels.stock.methods[*].deadline, 1s",
			"strand.server.listeners[*].port, 0" })
	void nameFromTheMetadata(String pattern, String value, CapturedOutput output) {
		FailedStart failed = FailedStart.of(Application.class, output, "--%s=%s".formatted(pattern, value));
		assertExplained(failed, pattern, value, "commandLineArgs");
		assertThat(failed.text()).contains("Put a name in the place of *").doesNotContain("Did you mean");
	}

	@Test
	void nothingLikeIt(CapturedOutput output) {
		FailedStart failed = FailedStart.of(Application.class, output, "--strand.completely.different.thing=1");
		assertExplained(failed, "strand.completely.different.thing", "1", "commandLineArgs");
		assertThat(failed.text()).doesNotContain("Did you mean")
			.contains("Strand's properties begin with strand.server or strand.client.");
	}

	@Test
	void yamlFile(CapturedOutput output) throws Exception {
		Files.writeString(this.directory.resolve("application.yml"), """
				strand:
				  server:
				    port: 0
				    prt: 4711
				""");
		FailedStart failed = FailedStart.of(Application.class, output, location());
		assertExplained(failed, "strand.server.prt", "4711", "application.yml] - 4:10");
	}

	@Test
	void propertiesFile(CapturedOutput output) throws Exception {
		Files.writeString(this.directory.resolve("application.properties"), "strand.sever.port=4711\n");
		FailedStart failed = FailedStart.of(Application.class, output, location());
		assertExplained(failed, "strand.sever.port", "4711", "application.properties] - 1:19");
	}

	@Test
	void systemProperty(CapturedOutput output) {
		System.setProperty("strand.sever.port", "4711");
		try {
			FailedStart failed = FailedStart.of(Application.class, output);
			assertExplained(failed, "strand.sever.port", "4711", "from property source \"systemProperties\"");
		}
		finally {
			System.clearProperty("strand.sever.port");
		}
	}

	@Test
	void environmentVariablesAreIgnored() {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setRegisterShutdownHook(false);
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources()
			.replace(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
					new SystemEnvironmentPropertySource(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
							Map.of("STRAND_SERVER_SERVICE_HOST", "10.0.0.1", "STRAND_SEVER_PORT", "1", "STRAND", "x")));
		application.setEnvironment(environment);
		try (ConfigurableApplicationContext context = application.run()) {
			assertThat(context.isRunning()).isTrue();
			assertThat(context.getEnvironment().getProperty("strand.server.service.host")).isEqualTo("10.0.0.1");
		}
	}

	@Test
	void groupsThatAreEmptyInYamlAreNoMistake() throws Exception {
		Files.writeString(this.directory.resolve("application.yml"), """
				strand:
				  server:
				    # port: 9091
				  client:
				    channels: {}
				""");
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setRegisterShutdownHook(false);
		try (ConfigurableApplicationContext context = application.run(location())) {
			assertThat(context.isRunning()).isTrue();
		}
	}

	private String location() {
		return "--spring.config.location=" + this.directory.toUri();
	}

	private static void assertExplained(FailedStart failed, String property, String value, String origin) {
		assertThat(failed.analysis()).hasSizeLessThanOrEqualTo(10);
		assertThat(failed.text()).contains("Strand has no property '%s'".formatted(property), "Value: " + value,
				"Origin: ", origin, "Action:", "remove the property.");
	}

	@SpringBootConfiguration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
