package io.strand.grpc.autoconfigure.properties;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

import com.jayway.jsonpath.JsonPath;
import io.strand.grpc.autoconfigure.actuate.ClientHealthProperties;
import io.strand.grpc.autoconfigure.client.GrpcClientProperties;
import io.strand.grpc.autoconfigure.health.GrpcAdminProperties;
import io.strand.grpc.autoconfigure.health.GrpcChannelzProperties;
import io.strand.grpc.autoconfigure.health.GrpcHealthProperties;
import io.strand.grpc.autoconfigure.health.GrpcReflectionProperties;
import io.strand.grpc.autoconfigure.security.GrpcSecurityProperties;
import io.strand.grpc.autoconfigure.observation.ServerObservationProperties;
import io.strand.grpc.autoconfigure.server.GrpcServerProperties;
import io.strand.grpc.autoconfigure.test.GrpcTestProperties;
import io.strand.grpc.service.NearestName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link KnownProperties}.
 */
class KnownPropertiesTests {

	private final KnownProperties known = new KnownProperties();

	KnownPropertiesTests() {
		this.known.add("strand.server", GrpcServerProperties.class);
		this.known.add("strand.server.health", GrpcHealthProperties.class);
		this.known.add("strand.server.reflection", GrpcReflectionProperties.class);
		this.known.add("strand.server.channelz", GrpcChannelzProperties.class);
		this.known.add("strand.server.admin", GrpcAdminProperties.class);
		this.known.add("strand.server.security", GrpcSecurityProperties.class);
		this.known.add("strand.server.observation", ServerObservationProperties.class);
		this.known.add("strand.client", GrpcClientProperties.class);
		this.known.add("strand.client.health", ClientHealthProperties.class);
		this.known.add("strand.test", GrpcTestProperties.class);
	}

	@ParameterizedTest
	@ValueSource(strings = { "strand.server.port", "strand.server.in-process.name", "strand.server.inprocess.name",
			"strand.server.maxinboundmessagesize", "strand.client.channels.stock.target",
			"strand.client.channels.default.keep-alive.time", "strand.client.channels[a.b].target",
			"strand.client.channels.stock.services", "strand.client.channels.stock.services[0]",
			"strand.client.channels.stock.services[12]", "strand.server.handler.log-context",
			"strand.server.handler.log-context[1]", "strand.server.errors.default-mapping",
			"strand.server.validation.enabled", "strand.server.listeners.admin.ssl.client-auth",
			"strand.server.listeners.admin.services[0]" })
	void containsWhatCanBeBound(String name) {
		assertThat(this.known.contains(ConfigurationPropertyName.of(name))).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "strand.server", "strand.server.prt", "strand.server.port.more", "strand.server.port[0]",
			"strand.server.in-process", "strand.client.channels.stock", "strand.client.channels.stock.targt",
			"strand.client.channels.target", "strand.client.channels[*].target",
			"strand.client.channels.stock.methods[*].deadline", "strand.serve.port", "strand" })
	void doesNotContainWhatCannotBeBound(String name) {
		assertThat(this.known.contains(ConfigurationPropertyName.of(name))).isFalse();
	}

	@ParameterizedTest
	@ValueSource(strings = { "strand.server", "strand.server.in-process", "strand.client.channels",
			"strand.client.channels.stock", "strand.client.channels.stock.keepalive" })
	void groupHasNamesBelowIt(String name) {
		assertThat(this.known.isGroup(ConfigurationPropertyName.of(name))).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "strand.sever", "strand.server.port", "strand.server.port.more" })
	void whatHasNoNamesBelowItIsNoGroup(String name) {
		assertThat(this.known.isGroup(ConfigurationPropertyName.of(name))).isFalse();
	}

	@ParameterizedTest
	@CsvSource({ "strand.server.prt, strand.server.port", "strand.sever.port, strand.server.port",
			"strand.server.adress, strand.server.address",
			"strand.server.handler.logcontxt, strand.server.handler.log-context",
			"strand.server.error.default-mapping, strand.server.errors.default-mapping",
			"strand.server.validation.enable, strand.server.validation.enabled",
			"strand.client.channels.My-Stock.targt, strand.client.channels.my-stock.target",
			"strand.client.channels.stock.keepalive-time, strand.client.channels.stock.keep-alive.time" })
	void nearestIsWhatWasMeant(String wrong, String right) {
		assertThat(this.known.nearest(ConfigurationPropertyName.adapt(wrong, '.'))).isEqualToIgnoringCase(right);
	}

	private static final Set<String> MAPS = Set.of("strand.client.channels", "strand.client.channels.stock.methods",
			"strand.server.services", "strand.server.health.services", "strand.server.methods",
			"strand.server.listeners");

	@Test
	void nothingIsNearToWhatIsUnlikeAll() {
		assertThat(this.known.nearest(ConfigurationPropertyName.of("strand.completely.different.thing"))).isNull();
	}

	@ParameterizedTest
	@CsvSource({ "kitten, sitting, 3", "port, port, 0", "'', abc, 3", "abc, '', 3", "flaw, lawn, 2" })
	void distanceIsTheNumberOfChanges(String a, String b, int distance) {
		assertThat(NearestName.distance(a, b)).isEqualTo(distance);
	}

	@Test
	void agreesWithTheMetadataThatEditorsUse() throws Exception {
		Path classes = Path.of(KnownProperties.class.getProtectionDomain().getCodeSource().getLocation().toURI());
		try (InputStream metadata = Files
			.newInputStream(classes.resolve("META-INF/spring-configuration-metadata.json"))) {
			List<String> names = JsonPath.read(metadata, "$.properties[*].name");
			assertThat(names).contains("strand.server.port", "strand.server.in-process.name", "strand.client.channels",
					"strand.client.channels[*].target", "strand.client.channels[*].methods[*].retry.max-attempts",
					"strand.server.listeners[*].ssl.bundle");
			// Those of the endpoint are Spring Boot's
			assertThat(names).filteredOn((name) -> name.startsWith("strand.")).allSatisfy((name) -> {
				ConfigurationPropertyName parsed = ConfigurationPropertyName.of(name.replace("[*]", ".stock"));
				// A map of beans has an entry, too, and cannot be set as a whole
				assertThat(this.known.contains(parsed) || MAPS.contains(parsed.toString())).isTrue();
			});
		}
	}

}
