package io.strand.grpc.autoconfigure.client;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.boot.context.properties.bind.BindableRuntimeHintsRegistrar;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What is set of calls is bound in a native image too.
 */
class CallPropertiesHintsTests {

	@ParameterizedTest
	@ValueSource(classes = { CallProperties.Retry.class, MethodProperties.class, MethodProperties.Hedging.class,
			ChannelCallProperties.RetryThrottling.class })
	void theyAreKnownAhead(Class<?> properties) {
		RuntimeHints hints = new RuntimeHints();
		BindableRuntimeHintsRegistrar.forTypes(GrpcClientProperties.class).registerHints(hints);
		assertThat(RuntimeHintsPredicates.reflection().onType(properties)).accepts(hints);
	}

}
