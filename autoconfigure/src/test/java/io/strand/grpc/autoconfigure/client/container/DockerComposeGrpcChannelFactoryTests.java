package io.strand.grpc.autoconfigure.client.container;

import java.lang.reflect.Constructor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

import io.strand.grpc.autoconfigure.client.GrpcChannelConnectionDetails;
import io.strand.grpc.client.ChannelConfigurationException;
import org.junit.jupiter.api.Test;
import org.mockito.BDDMockito;

import org.springframework.beans.BeanUtils;
import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;
import org.springframework.boot.autoconfigure.service.connection.ConnectionDetailsFactories;
import org.springframework.boot.docker.compose.core.ConnectionPorts;
import org.springframework.boot.docker.compose.core.ImageReference;
import org.springframework.boot.docker.compose.core.RunningService;
import org.springframework.boot.docker.compose.service.connection.DockerComposeConnectionSource;
import org.springframework.mock.env.MockEnvironment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * A service of Docker Compose becomes the peer of a channel by its labels, through the
 * factories that Spring Boot finds. There is no Docker: what Compose would say of the
 * service is made up.
 */
class DockerComposeGrpcChannelFactoryTests {

	private static final String CONNECTION = "org.springframework.boot.service-connection";

	@Test
	void aServiceIsThePeerOfTheChannelThatItsLabelNames() {
		GrpcChannelConnectionDetails details = details(
				service(Map.of(CONNECTION, "grpc", "strand.grpc.channel", "stock"), Map.of(9090, 49153)));
		assertThat(details.getChannelName()).isEqualTo("stock");
		assertThat(details.getTarget()).isEqualTo("dns:///docker.host:49153");
		assertThat(details.getSslBundle()).isNull();
	}

	@Test
	void withoutLabelOfAChannelItIsTheDefaultOne() {
		assertThat(details(service(Map.of(CONNECTION, "grpc"), Map.of(9090, 49153))).getChannelName())
			.isEqualTo("default");
	}

	@Test
	void ofSeveralPortsALabelNamesTheOne() {
		Map<String, String> labels = Map.of(CONNECTION, "grpc", "strand.grpc.port", "9090");
		assertThat(details(service(labels, Map.of(8080, 49152, 9090, 49153))).getTarget()).endsWith(":49153");
	}

	@Test
	void severalPortsWithoutLabelAreRefused() {
		RunningService service = service(Map.of(CONNECTION, "grpc"), Map.of(8080, 49152, 9090, 49153));
		assertThatExceptionOfType(ChannelConfigurationException.class).isThrownBy(() -> details(service))
			.withMessageContaining("the service stock")
			.withMessageContaining("49152");
	}

	@Test
	void aLabelThatIsNoPortIsRefused() {
		RunningService service = service(Map.of(CONNECTION, "grpc", "strand.grpc.port", "grpc"), Map.of(9090, 49153));
		assertThatExceptionOfType(ChannelConfigurationException.class).isThrownBy(() -> details(service))
			.withMessageContaining("strand.grpc.port=grpc");
	}

	@Test
	void otherServicesAreNotForChannels() {
		assertThat(all(service(Map.of(), Map.of(5432, 49154)))).isEmpty();
		assertThat(all(service(Map.of(CONNECTION, "postgres"), Map.of(5432, 49154)))).isEmpty();
	}

	private static GrpcChannelConnectionDetails details(RunningService service) {
		return (GrpcChannelConnectionDetails) all(service).get(GrpcChannelConnectionDetails.class);
	}

	private static Map<Class<?>, ConnectionDetails> all(RunningService service) {
		Constructor<?> constructor = DockerComposeConnectionSource.class.getDeclaredConstructors()[0];
		Object[] arguments = Arrays.stream(constructor.getParameterTypes())
			.map((type) -> (type == RunningService.class) ? service : new MockEnvironment())
			.toArray();
		return new ConnectionDetailsFactories(null)
			.getConnectionDetails(BeanUtils.instantiateClass(constructor, arguments), false);
	}

	private static RunningService service(Map<String, String> labels, Map<Integer, Integer> mappings) {
		ConnectionPorts ports = BDDMockito.mock(ConnectionPorts.class);
		mappings.forEach((inside, outside) -> BDDMockito.given(ports.get(inside)).willReturn(outside));
		List<Integer> published = mappings.values().stream().sorted().toList();
		BDDMockito.given(ports.getAll()).willReturn(published);
		BDDMockito.given(ports.getAll("tcp")).willReturn(published);
		RunningService service = BDDMockito.mock(RunningService.class);
		BDDMockito.given(service.name()).willReturn("stock");
		BDDMockito.given(service.host()).willReturn("docker.host");
		BDDMockito.given(service.image()).willReturn(ImageReference.of("example/stock:1"));
		BDDMockito.given(service.labels()).willReturn(labels);
		BDDMockito.given(service.ports()).willReturn(ports);
		return service;
	}

}
