package io.strand.grpc.autoconfigure.client;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.strand.grpc.autoconfigure.properties.StrandPropertiesAutoConfiguration;
import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.StockGrpc.StockStub;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/**
 * What an application says that cannot start because of its channels.
 */
@ExtendWith(OutputCaptureExtension.class)
class ChannelFailureTests {

	private static final String POINT = "Parameter 0 of constructor in " + AsksForEcho.class.getName()
			+ " asks for EchoGrpc.EchoBlockingStub";

	@Test
	void noChannelSuits(CapturedOutput output) {
		assertThat(failure(output, AsksForEcho.class, "stock.target=stock:1")).containsExactly(
				POINT + ", but no channel suits the proto service 'strand.testing.Echo', and this application does not"
						+ " serve it. Configured channels: stock.",
				"Set strand.client.channels.default.target, or list the service in"
						+ " strand.client.channels.<name>.services next to a target.");
	}

	@Test
	void noChannelIsConfigured(CapturedOutput output) {
		assertThat(failure(output, FieldAsks.class)).first()
			.asString()
			.startsWith("Field 'stock' of %s asks for StockGrpc.StockStub".formatted(FieldAsks.class.getName()))
			.endsWith("Configured channels: none.");
	}

	@Test
	void aParameterOfABeanMethodIsNamed(CapturedOutput output) {
		assertThat(failure(output, BeanMethodAsks.class)).first()
			.asString()
			.startsWith("Parameter 1 of method bean in %s asks for".formatted(BeanMethodAsks.class.getName()));
	}

	@Test
	void twoChannelsListTheService(CapturedOutput output) {
		assertThat(failure(output, Object.class, "a.target=a:1", "a.services=strand.testing.Echo", "b.target=b:1",
				"b.services=strand.testing.Stock,strand.testing.Echo"))
			.containsExactly(
					"strand.client.channels.a.services and strand.client.channels.b.services both list the proto"
							+ " service 'strand.testing.Echo'.",
					"Leave it to one of them; a stub on the other asks for it by @GrpcClient(\"b\"). If both shall"
							+ " have it, as for a collection of stubs, add it to strand.client.shared-services.");
	}

	@Test
	void twoChannelsMayListTheServiceAndOneStubIsAskedFor(CapturedOutput output) {
		assertThat(failure(output, AsksForEcho.class, "a.target=a:1", "a.services=strand.testing.Echo", "b.target=b:1",
				"b.services=strand.testing.Stock,strand.testing.Echo",
				"--strand.client.shared-services=strand.testing.Echo"))
			.containsExactly(POINT + ", but several channels list the proto service 'strand.testing.Echo': a, b.",
					"Name one of them at the injection point, such as @GrpcClient(\"a\"), or leave the service to one"
							+ " channel under strand.client.channels.");
	}

	@Test
	void twoChannelsAreNamedAlike(CapturedOutput output) {
		assertThat(failure(output, AsksForEcho.class, "[Echo].target=a:1", "echo.target=b:1")).first()
			.isEqualTo(POINT
					+ ", but several channels are named like the proto service 'strand.testing.Echo': Echo, echo.");
	}

	@Test
	void theChannelHasNoTarget(CapturedOutput output) {
		assertThat(failure(output, AsksForEcho.class, "echo.deadline=1s")).containsExactly(
				POINT + " on channel 'echo', which has no target.",
				"Set strand.client.channels.echo.target, or strand.client.channels.default.target.");
	}

	@Test
	void noChannelHasTheName(CapturedOutput output) {
		assertThat(failure(output, AsksByName.class, "default.target=a:1", "stock.target=b:1")).containsExactly(
				"Parameter 0 of constructor in %s asks for channel 'stok' by @GrpcClient, but there is none of that name."
					.formatted(AsksByName.class.getName()) + " Configured channels: default, stock.",
				"Set strand.client.channels.stok.target, or correct the name in @GrpcClient.");
	}

	@Test
	void theTargetIsNotValid(CapturedOutput output) {
		assertThat(failure(output, AsksForEcho.class, "echo.target=http://echo:1")).containsExactly(
				"The target 'http://echo:1' of strand.client.channels.echo.target is not valid. gRPC has no URLs;"
						+ " whether the connection is encrypted is said by the channel's ssl.enabled.",
				"Use host:port, dns:///host:port, static://host1:port1,host2:port2, discovery:///name, xds:///name,"
						+ " unix:/path, in-process:name or self:.");
	}

	@Test
	void anInvalidTargetIsFoundWithoutAnyStub(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.target=static://a:1,b")).first()
			.isEqualTo("The target 'static://a:1,b' of strand.client.channels.echo.target is not valid. The address 'b'"
					+ " is not a host and a port.");
	}

	@Test
	void nobodyResolvesTheScheme(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.target=consul:///echo")).first()
			.isEqualTo("The target 'consul:///echo' of strand.client.channels.echo.target is not valid. There is no"
					+ " resolver for the scheme 'consul'. One of your own is a bean of type NameResolverProvider, or a"
					+ " service of the class path.");
	}

	@Test
	void theSchemeIsMisspelt(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.target=dsn:///echo:1")).first()
			.asString()
			.endsWith("There is no resolver for the scheme 'dsn'. Did you mean 'dns'?");
	}

	@Test
	void thereIsNoDiscoveryClient(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.target=discovery:///echo")).first()
			.asString()
			.contains("resolver for the scheme 'discovery'. It needs Spring Cloud's DiscoveryClient");
	}

	@Test
	void aNameOfDnsHasNoPort(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.target=dns:///echo")).first()
			.asString()
			.endsWith("After 'dns:', three slashes, a host and a port are expected.");
	}

	@Test
	void thePolicyIsMisspelt(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.load-balancing-policy=round_robbin")).containsExactly(
				"The load-balancing policy 'round_robbin' of strand.client.channels.echo.load-balancing-policy is not"
						+ " known. Did you mean 'round_robin'?",
				"Use one of: round_robin, pick_first, least_request, weighted_round_robin, ring_hash. One of your own"
						+ " is registered with gRPC's LoadBalancerRegistry.");
	}

	@Test
	void ringHashHasNoHeader(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.load-balancing-policy=ring_hash")).containsExactly(
				"The load-balancing policy is ring_hash, but strand.client.channels.echo.ring-hash.header, whose value"
						+ " is hashed, is not set.",
				"Set strand.client.channels.echo.ring-hash.header to the name of a header.");
	}

	@Test
	void theSettingsOfAPolicyMakeNoSense(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.load-balancing-policy=least_request",
				"echo.least-request.choices=1"))
			.containsExactly("The value '1' of strand.client.channels.echo.least-request.choices is not valid.",
					"Set it to a number from 2 to 10.");
	}

	@Test
	void theRingIsLargerThanItMayBe(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.load-balancing-policy=ring_hash",
				"echo.ring-hash.header=customer", "echo.ring-hash.min-size=9", "echo.ring-hash.max-size=8"))
			.containsExactly(
					"strand.client.channels.echo.ring-hash.min-size is 9, and so above"
							+ " strand.client.channels.echo.ring-hash.max-size, which is 8.",
					"Lower the one or raise the other.");
	}

	@Test
	void thePolicyChecksNoHealth(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.load-balancing-policy=pick_first",
				"echo.health-check.enabled=true"))
			.containsExactly(
					"strand.client.channels.echo.health-check.enabled is set, but the load-balancing policy"
							+ " 'pick_first' checks no health.",
					"Use round_robin, or set strand.client.channels.echo.health-check.enabled to false.");
	}

	@Test
	void theRefreshIntervalIsNegative(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.refresh-interval=-1s")).containsExactly(
				"The value 'PT-1S' of strand.client.channels.echo.refresh-interval is not valid.",
				"Set it to a time above zero, or to 0 for never.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "shutdown-grace-period", "max-reconnect-backoff", "keep-alive.time", "keep-alive.timeout",
			"connect-timeout", "idle-timeout" })
	void aTimeIsNegative(String property, CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.%s=-1s".formatted(property))).first()
			.isEqualTo("The value 'PT-1S' of strand.client.channels.echo.%s is not valid.".formatted(property));
	}

	@ParameterizedTest
	@ValueSource(strings = { "shutdown-grace-period", "max-reconnect-backoff", "keep-alive.time", "keep-alive.timeout",
			"connect-timeout", "idle-timeout", "refresh-interval" })
	void aTimeIsLongerThanNanosecondsCanBeCounted(String property, CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.%s=200000d".formatted(property))).first()
			.isEqualTo("The value 'PT4800000H' of strand.client.channels.echo.%s is not valid.".formatted(property));
	}

	@Test
	void thereAreNoConnections(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.connections=0")).containsExactly(
				"The value '0' of strand.client.channels.echo.connections is not valid.",
				"Set it to a number above zero.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "dns:///echo:99999", "dns:///echo:0", "dns:///echo:99999999999" })
	void thePortOfADnsNameIsNone(String target, CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.target=" + target)).first()
			.isEqualTo(
					"The target '%1$s' of strand.client.channels.echo.target is not valid. The port of '%2$s' is not a"
						.formatted(target, target.substring("dns:///".length())) + " number from 1 to 65535.");
	}

	@Test
	void aTimeIsNotPositive(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.idle-timeout=0s")).containsExactly(
				"The value 'PT0S' of strand.client.channels.echo.idle-timeout is not valid.",
				"Set it to a time above zero.");
	}

	@Test
	void aSizeIsTooLarge(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.max-inbound-message-size=3GB")).containsExactly(
				"The value '3221225472B' of strand.client.channels.echo.max-inbound-message-size is not valid.",
				"Set it to a size above zero and below 2GB.");
	}

	@Test
	void theSslBundleDoesNotExist(CapturedOutput output) {
		assertThat(failure(output, Object.class, "echo.ssl.bundle=missing")).containsExactly(
				"There is no SSL bundle 'missing', which strand.client.channels.echo.ssl.bundle names.",
				"Define it under spring.ssl.bundle, or correct the name.");
	}

	/**
	 * Starts an application that fails, and returns the lines of the analysis.
	 */
	private static List<String> failure(CapturedOutput output, Class<?> source, String... properties) {
		List<String> arguments = new ArrayList<>();
		for (String property : properties) {
			arguments.add(property.startsWith("--") ? property : "--strand.client.channels." + property);
		}
		SpringApplication application = new SpringApplication(Application.class, source);
		application.setWebApplicationType(WebApplicationType.NONE);
		assertThatException().isThrownBy(() -> application.run(arguments.toArray(String[]::new)));
		String text = output.getAll();
		assertThat(text).contains("APPLICATION FAILED TO START").doesNotContain("\tat ");
		String analysis = text.substring(text.indexOf("Description:") + "Description:".length());
		return Arrays.stream(analysis.split("\n"))
			.filter((line) -> !line.isBlank() && !line.equals("Action:"))
			.toList();
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ SslAutoConfiguration.class, GrpcClientAutoConfiguration.class,
			StrandPropertiesAutoConfiguration.class })
	static class Application {

	}

	static class AsksForEcho {

		AsksForEcho(EchoBlockingStub echo) {
		}

	}

	static class AsksByName {

		AsksByName(@GrpcClient("stok") EchoBlockingStub echo) {
		}

	}

	static class FieldAsks {

		@Autowired
		StockStub stock;

	}

	@Configuration(proxyBeanMethods = false)
	static class BeanMethodAsks {

		@Bean
		String bean(BeanMethodAsks self, StockStub stock) {
			return stock.toString();
		}

	}

}
