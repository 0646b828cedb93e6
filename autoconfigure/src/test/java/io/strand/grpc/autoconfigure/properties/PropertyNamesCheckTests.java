package io.strand.grpc.autoconfigure.properties;

import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link PropertyNamesCheck}.
 */
class PropertyNamesCheckTests {

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(StrandPropertiesAutoConfiguration.class));

	@ParameterizedTest
	@ValueSource(strings = { "strand.server.port=1", "strand.server.max-inbound-message-size=1MB",
			"strand.server.maxInboundMessageSize=1MB", "strand.server.max_inbound_message_size=1MB",
			"STRAND.SERVER.PORT=1", "strand.client.channels.stock.services[0]=shop.Stock",
			"strand.client.channels[a.b].target=a:1", "strand.server=", "strand.client.channels=",
			"strands.server.prt=1", "other.strand.server.prt=1" })
	void acceptsWhatBootBinds(String property) {
		this.runner.withPropertyValues(property).run((context) -> assertThat(context).hasNotFailed());
	}

	@ParameterizedTest
	@ValueSource(strings = { "strand.server.prt=1", "strand.sever.port=1", "strand.port=1", "strand.server=1",
			"strand.client.channels=stock", "strand.client.channels.stock.targt=a:1", "strand.server.nothing=" })
	void refusesOthers(String property) {
		this.runner.withPropertyValues(property)
			.run((context) -> assertThat(context).getFailure()
				.isInstanceOf(UnknownPropertyException.class)
				.hasMessage("Unknown property '%s'", property.split("=")[0]));
	}

	@Test
	void refusesBeforeAnyBeanIsMade() {
		this.runner.withPropertyValues("strand.server.prt=1").withBean("eager", Object.class, () -> {
			throw new AssertionError("Made too early");
		}).run((context) -> assertThat(context).getFailure().isInstanceOf(UnknownPropertyException.class));
	}

	@ParameterizedTest
	@ValueSource(strings = { "STRAND_SERVER_SERVICE_HOST", "STRAND_SERVER_PORT_9090_TCP_ADDR", "STRAND_SEVER_PORT" })
	void leavesEnvironmentVariablesAlone(String variable) {
		this.runner.withInitializer((context) -> setEnvironmentVariable(context, variable))
			.run((context) -> assertThat(context).hasNotFailed());
	}

	private static void setEnvironmentVariable(ConfigurableApplicationContext context, String name) {
		MutablePropertySources sources = context.getEnvironment().getPropertySources();
		String source = StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME;
		sources.replace(source, new SystemEnvironmentPropertySource(source, Map.of(name, "1")));
	}

}
