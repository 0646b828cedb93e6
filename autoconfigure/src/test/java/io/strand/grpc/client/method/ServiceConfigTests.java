package io.strand.grpc.client.method;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.strand.grpc.testing.LeakCheckExtension;
import org.assertj.core.api.AbstractObjectAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What gRPC is told of retry and hedging, read back by its own parser.
 */
@ExtendWith(LeakCheckExtension.class)
class ServiceConfigTests {

	@ParameterizedTest
	@CsvSource({ "PT0.000000001S, 0.000000001s", "PT0.001S, 0.001000000s", "PT0.05S, 0.050000000s",
			"PT0.5S, 0.500000000s", "PT0.999999999S, 0.999999999s", "PT1S, 1.000000000s", "PT1.05S, 1.050000000s",
			"PT1.000001S, 1.000001000s", "PT10S, 10.000000000s", "PT876000H, 3153600000.000000000s" })
	void timesLoseNothing(Duration time, String json) {
		assertThat(ServiceConfig.duration(time)).isEqualTo(json);
		ResolvedMethods methods = resolve(
				MethodSettings.builder().retry(new RetryPolicy(null, 2, time, time, null, null)).build(),
				Map.of("shop.Stock/Reserve",
						MethodSettings.builder().hedging(HedgingPolicy.ofAttempts(2, time)).build()));
		parsed(methods).satisfies((config) -> {
			assertThat(config).extracting("defaultMethodConfig.retryPolicy.initialBackoffNanos")
				.isEqualTo(time.toNanos());
			assertThat(config).extracting("defaultMethodConfig.retryPolicy.maxBackoffNanos").isEqualTo(time.toNanos());
			assertThat(method(config, "shop.Stock/Reserve")).extracting("hedgingPolicy.hedgingDelayNanos")
				.isEqualTo(time.toNanos());
		});
	}

	@Test
	void timesAreWrittenInTheDigitsOfJson() {
		Locale before = Locale.getDefault();
		Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
		try {
			assertThat(ServiceConfig.duration(Duration.ofMillis(1050))).isEqualTo("1.050000000s");
		}
		finally {
			Locale.setDefault(before);
		}
	}

	@Test
	void aPolicyIsWholeWhereOnlyItsAttemptsAreSet() {
		ResolvedMethods methods = resolve(MethodSettings.builder().retry(RetryPolicy.ofAttempts(3)).build(), Map.of());
		parsed(methods).extracting("defaultMethodConfig.retryPolicy")
			.hasFieldOrPropertyWithValue("maxAttempts", 3)
			.hasFieldOrPropertyWithValue("initialBackoffNanos", 100_000_000L)
			.hasFieldOrPropertyWithValue("maxBackoffNanos", 1_000_000_000L)
			.hasFieldOrPropertyWithValue("backoffMultiplier", 2.0)
			.hasFieldOrPropertyWithValue("retryableStatusCodes", Set.of(Status.Code.UNAVAILABLE));
	}

	@Test
	void theDefaultOfTheLongestBackoffIsNotBelowTheFirst() {
		RetryPolicy policy = new RetryPolicy(null, 3, Duration.ofSeconds(5), null, null, null);
		parsed(resolve(MethodSettings.builder().retry(policy).build(), Map.of()))
			.extracting("defaultMethodConfig.retryPolicy")
			.hasFieldOrPropertyWithValue("maxBackoffNanos", 5_000_000_000L);
	}

	@Test
	void everythingOfAPolicyArrives() {
		RetryPolicy retry = new RetryPolicy(true, 5, Duration.ofMillis(1), Duration.ofMillis(2), 1.5,
				Set.of(Status.Code.ABORTED, Status.Code.UNKNOWN));
		HedgingPolicy hedging = new HedgingPolicy(true, 4, Duration.ZERO, Set.of(Status.Code.INTERNAL));
		ResolvedMethods methods = resolve(MethodSettings.builder().retry(retry).build(),
				Map.of("shop.Stock", MethodSettings.builder().hedging(hedging).build()));
		parsed(methods).satisfies((config) -> {
			assertThat(config).extracting("defaultMethodConfig.retryPolicy")
				.hasFieldOrPropertyWithValue("maxAttempts", 5)
				.hasFieldOrPropertyWithValue("backoffMultiplier", 1.5)
				.hasFieldOrPropertyWithValue("retryableStatusCodes", Set.of(Status.Code.ABORTED, Status.Code.UNKNOWN));
			Object service = entry(config, "serviceMap", "shop.Stock");
			assertThat(service).hasFieldOrPropertyWithValue("retryPolicy", null);
			assertThat(service).extracting("hedgingPolicy")
				.hasFieldOrPropertyWithValue("maxAttempts", 4)
				.hasFieldOrPropertyWithValue("nonFatalStatusCodes", Set.of(Status.Code.INTERNAL));
		});
	}

	@Test
	void anEntryWithoutAPolicyHidesTheWiderOne() {
		ResolvedMethods methods = resolve(MethodSettings.builder().retry(RetryPolicy.ofAttempts(3)).build(),
				Map.of("shop.Stock/Reserve",
						MethodSettings.builder().retry(new RetryPolicy(false, null, null, null, null, null)).build()));
		parsed(methods).satisfies((config) -> assertThat(method(config, "shop.Stock/Reserve"))
			.hasFieldOrPropertyWithValue("retryPolicy", null));
	}

	@Test
	void throttlingIsThatOfTheChannel() {
		ResolvedMethods methods = new ChannelMethods(MethodSettings.builder().retry(RetryPolicy.ofAttempts(3)).build(),
				Map.of(), new RetryThrottling(10, 0.25), null)
			.resolve("test", (reason, remedy) -> new IllegalStateException(reason));
		parsed(methods).extracting("retryThrottling")
			.hasFieldOrPropertyWithValue("maxTokens", 10_000)
			.hasFieldOrPropertyWithValue("tokenRatio", 250);
	}

	@Test
	void thereIsNoneWhereNothingIsRepeated() {
		ResolvedMethods methods = resolve(MethodSettings.builder().deadline(Duration.ofSeconds(1)).build(),
				Map.of("shop.Stock", MethodSettings.builder().waitForReady(true).build()));
		assertThat(new ServiceConfig().methods(methods).toMap()).isEmpty();
	}

	@Test
	void otherPartsStandBesideTheMethods() {
		List<Map<String, Object>> policies = List.of(Map.of("round_robin", Map.of()));
		ResolvedMethods methods = resolve(MethodSettings.builder().retry(RetryPolicy.ofAttempts(3)).build(), Map.of());
		assertThat(new ServiceConfig().with(Map.of("loadBalancingConfig", policies)).methods(methods).toMap())
			.containsEntry("loadBalancingConfig", policies)
			.containsKey("methodConfig");
	}

	private static ResolvedMethods resolve(MethodSettings defaults, Map<String, MethodSettings> entries) {
		return ChannelMethods.of(defaults, entries)
			.resolve("test", (reason, remedy) -> new IllegalStateException(reason));
	}

	private static AbstractObjectAssert<?, ?> parsed(ResolvedMethods methods) {
		InProcessChannelBuilder builder = InProcessChannelBuilder.forName("nowhere");
		new ServiceConfig().methods(methods).applyTo(builder);
		ManagedChannel channel = builder.build();
		channel.shutdownNow();
		return assertThat(channel).extracting("delegate.defaultServiceConfig");
	}

	private static Object method(Object config, String name) {
		return entry(config, "serviceMethodMap", name);
	}

	private static Object entry(Object config, String field, String name) {
		Object[] found = new Object[1];
		assertThat(config).extracting(field).satisfies((map) -> found[0] = ((Map<?, ?>) map).get(name));
		assertThat(found[0]).isNotNull();
		return found[0];
	}

}
