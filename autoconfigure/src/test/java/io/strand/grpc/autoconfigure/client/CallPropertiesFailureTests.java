package io.strand.grpc.autoconfigure.client;

import java.util.stream.Stream;

import io.strand.grpc.client.ChannelConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.context.properties.bind.BindException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.throwable;

/**
 * Settings of calls that make no sense end the start, each with its property and what to
 * do.
 */
class CallPropertiesFailureTests {

	private static final String METHOD = "methods[strand.testing.Echo/Unary]";

	@ParameterizedTest
	@CsvSource({ "deadline, -1ms, PT-0.001S", "stream-deadline, -1s, PT-1S", "deadline, 40000d, PT960000H",
			"deadline-margin, -1s, PT-1S", "retry.max-attempts, 1, 1", "retry.max-attempts, 0, 0",
			"retry.max-attempts, -3, -3", "retry.max-attempts, 6, 6", "retry.initial-backoff, 0, PT0S",
			"retry.initial-backoff, -5ms, PT-0.005S", "retry.max-backoff, 0, PT0S", "retry.backoff-multiplier, 0, 0.0",
			"retry.backoff-multiplier, -1, -1.0", "retry.backoff-multiplier, NaN, NaN",
			"retry.backoff-multiplier, Infinity, Infinity", "retry.retryable-status-codes, OK, OK",
			"retry.retryable-status-codes, '', ''", "retry-throttling.max-tokens, 0, 0",
			"retry-throttling.max-tokens, 1001, 1001", "retry-throttling.token-ratio, 0, 0.0",
			"retry-throttling.token-ratio, 0.0001, 1.0E-4", "retry-throttling.token-ratio, -1, -1.0",
			METHOD + ".deadline, -1ms, PT-0.001S", METHOD + ".retry.max-attempts, 7, 7",
			METHOD + ".hedging.max-attempts, 1, 1", METHOD + ".hedging.max-attempts, 6, 6",
			METHOD + ".hedging.delay, -1ms, PT-0.001S", METHOD + ".hedging.non-fatal-status-codes, OK, OK",
			"methods[strand.testing.Echo].deadline, -1s, PT-1S" })
	void aValueIsRefusedByItsName(String property, String value, String shown) {
		String expected = "The value '%s' of strand.client.channels.stock.%s is not valid.".formatted(shown, property);
		assertThat(failure(property + "=" + value)).satisfies((failure) -> {
			assertThat(failure.getReason()).isEqualTo(expected);
			assertThat(failure.getRemedy()).isNotEmpty();
		});
	}

	@Test
	void theChannelWhereItIsSetIsNamed() {
		assertThat(failureOf("strand.client.channels.a.target=a:1",
				"strand.client.channels.default.retry.max-attempts=9", "strand.client.channels.default.target=b:1"))
			.extracting(ChannelConfigurationException::getReason)
			.isEqualTo("The value '9' of strand.client.channels.default.retry.max-attempts is not valid.");
	}

	@Test
	void attemptsOverFiveAreNotCutInSilence() {
		assertThat(failure("retry.max-attempts=6").getRemedy())
			.isEqualTo("Set it to a number from 2 to 5, which counts the first attempt;"
					+ " strand.client.channels.stock.retry.enabled=false makes calls once.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "retry.retryable-status-codes=UNAVAILBLE",
			METHOD + ".hedging.non-fatal-status-codes=UNAVAILABLE,FAILED" })
	void anUnknownStatusCodeIsRefused(String property) {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.stock." + property)
			.run((context) -> assertThat(context.getStartupFailure()).rootCause()
				.hasMessageContaining("io.grpc.Status.Code")
				.satisfies((root) -> assertThat(context.getStartupFailure())
					.hasStackTraceContaining("'strand.client.channels.stock.%s".formatted(property.substring(0,
							property.indexOf('[') < 0 ? property.indexOf('=') : "methods".length())))
					.hasStackTraceContaining(BindException.class.getName())));
	}

	@Test
	void aMethodIsNotBothRetriedAndHedged() {
		ChannelConfigurationException failure = failure(METHOD + ".retry.max-attempts=2",
				METHOD + ".hedging.max-attempts=2", METHOD + ".hedging.delay=1s");
		assertThat(failure.getReason()).isEqualTo("Both strand.client.channels.stock.%s.retry and".formatted(METHOD)
				+ " strand.client.channels.stock.%s.hedging are set.".formatted(METHOD));
		assertThat(failure.getRemedy()).isEqualTo("Remove one of them: gRPC either retries a method or hedges it.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "retry", METHOD + ".retry" })
	void retryNeedsAttempts(String group) {
		ChannelConfigurationException failure = failure(group + ".initial-backoff=1ms");
		assertThat(failure.getReason())
			.isEqualTo("strand.client.channels.stock.%s is set, but not how often a call is made.".formatted(group));
		assertThat(failure.getRemedy()).isEqualTo(("Set strand.client.channels.stock.%1$s.max-attempts to 2 or more, or"
				+ " strand.client.channels.stock.%1$s.enabled to false.")
			.formatted(group));
	}

	@Test
	void partsOfARetryMayBeSetForMethodsToUse() {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.stock.retry.enabled=false",
					"strand.client.channels.stock.retry.initial-backoff=1ms",
					"strand.client.channels.stock.%s.retry.max-attempts=2".formatted(METHOD))
			.run((context) -> assertThat(context).hasNotFailed());
	}

	@Test
	void theFirstBackoffIsNotAboveTheLongest() {
		assertThat(failure("retry.max-attempts=2", "retry.initial-backoff=2s", "retry.max-backoff=1s").getReason())
			.isEqualTo("strand.client.channels.stock.retry.initial-backoff (PT2S) is longer than"
					+ " strand.client.channels.stock.retry.max-backoff (PT1S).");
	}

	@Test
	void hedgingNeedsAttemptsAndADelay() {
		assertThat(failure(METHOD + ".hedging.delay=1ms").getReason()).endsWith(
				".hedging is set, but not strand.client.channels.stock.%s.hedging.max-attempts.".formatted(METHOD));
		ChannelConfigurationException failure = failure(METHOD + ".hedging.max-attempts=2");
		assertThat(failure.getReason())
			.endsWith(".hedging is set, but not strand.client.channels.stock.%s.hedging.delay.".formatted(METHOD));
		assertThat(failure.getRemedy()).contains("such as 200ms");
	}

	@Test
	void throttlingNeedsTokens() {
		assertThat(failure("retry-throttling.token-ratio=0.1").getRemedy())
			.isEqualTo("Set strand.client.channels.stock.retry-throttling.max-tokens, such as to 10.");
	}

	@Test
	void oneMethodHasOneDeadline() {
		assertThat(failure(METHOD + ".stream-deadline=1s").getRemedy())
			.isEqualTo("Set strand.client.channels.stock.%s.deadline, which is for streams too where it is that of a"
				.formatted(METHOD) + " method.");
	}

	@ParameterizedTest
	@ValueSource(strings = { "shop.Stock/", "/Reserve", "shop/Stock/Reserve", "/" })
	void aNameOfNoServiceOrMethodIsRefused(String name) {
		assertThat(failure("methods[%s].deadline=1s".formatted(name)).getReason()).isEqualTo(
				"'%1$s' of strand.client.channels.stock.methods[%1$s] names no service or method.".formatted(name));
	}

	@Test
	void hedgingIsNotForAllMethods() {
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.stock.hedging.max-attempts=2")
			.run((context) -> assertThat(context.getStartupFailure())
				.hasMessageContaining("Unknown property 'strand.client.channels.stock.hedging.max-attempts'"));
	}

	@Test
	void xdsNeedsTheServiceConfigOfItsControlPlane() {
		assertThat(failure("target=xds:///stock", "service-config-lookup=false").getRemedy())
			.isEqualTo("Set strand.client.channels.stock.service-config-lookup to true.");
	}

	private static ChannelConfigurationException failure(String... properties) {
		return failureOf(Stream.of(properties)
			.map((property) -> "strand.client.channels.stock." + property)
			.toArray(String[]::new));
	}

	private static ChannelConfigurationException failureOf(String... properties) {
		ChannelConfigurationException[] failure = new ChannelConfigurationException[1];
		ClientContext.runner()
			.withPropertyValues(properties)
			.run((context) -> assertThat(context.getStartupFailure()).rootCause()
				.asInstanceOf(throwable(ChannelConfigurationException.class))
				.satisfies((cause) -> failure[0] = cause));
		return failure[0];
	}

}
