package io.strand.grpc.client.method;

import java.time.Duration;
import java.util.Map;
import java.util.Set;

import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.strand.grpc.testing.EchoGrpc;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Methods inherit from their service, it from the channel, and each of them from what the
 * default channel says of the same.
 */
class ChannelMethodsTests {

	private static final String SERVICE = EchoGrpc.SERVICE_NAME;

	private static final String UNARY = EchoGrpc.getUnaryMethod().getFullMethodName();

	private static final String STREAM = EchoGrpc.getServerStreamMethod().getFullMethodName();

	private static final Duration ONE = Duration.ofSeconds(1);

	private static final Duration TWO = Duration.ofSeconds(2);

	private static final Duration THREE = Duration.ofSeconds(3);

	@Test
	void theMethodGoesBeforeItsServiceAndThatBeforeTheChannel() {
		MethodSettings channel = deadline(ONE);
		assertThat(settings(channel, Map.of()).deadline(EchoGrpc.getUnaryMethod())).isEqualTo(ONE);
		assertThat(settings(channel, Map.of(SERVICE, deadline(TWO))).deadline(EchoGrpc.getUnaryMethod()))
			.isEqualTo(TWO);
		assertThat(settings(channel, Map.of(SERVICE, deadline(TWO), UNARY, deadline(THREE)))
			.deadline(EchoGrpc.getUnaryMethod())).isEqualTo(THREE);
		assertThat(settings(channel, Map.of("other.Echo", deadline(TWO))).deadline(EchoGrpc.getUnaryMethod()))
			.isEqualTo(ONE);
	}

	@Test
	void whatAMethodLeavesOpenIsItsServices() {
		MethodSettings own = MethodSettings.builder().waitForReady(true).build();
		MethodSettings service = MethodSettings.builder().deadline(TWO).requireDeadline(RequireDeadline.WARN).build();
		MethodSettings settings = settings(MethodSettings.builder().deadlineMargin(THREE).build(),
				Map.of(UNARY, own, SERVICE, service));
		assertThat(settings.waitForReady()).isTrue();
		assertThat(settings.deadline()).isEqualTo(TWO);
		assertThat(settings.requireDeadline()).isEqualTo(RequireDeadline.WARN);
		assertThat(settings.deadlineMargin()).isEqualTo(THREE);
	}

	@Test
	void theDeadlineOfOneMethodIsMeantForAStreamToo() {
		MethodDescriptor<?, ?> stream = EchoGrpc.getServerStreamMethod();
		assertThat(resolve(deadline(ONE), Map.of(SERVICE, deadline(TWO))).of(stream).deadline(stream)).isNull();
		assertThat(resolve(deadline(ONE), Map.of(STREAM, deadline(TWO))).of(stream).deadline(stream)).isEqualTo(TWO);
		MethodSettings channel = MethodSettings.builder().streamDeadline(ONE).build();
		assertThat(resolve(channel, Map.of(STREAM, deadline(Duration.ZERO))).of(stream).deadline(stream)).isNull();
		assertThat(resolve(channel, Map.of(STREAM, MethodSettings.NONE)).of(stream).deadline(stream)).isEqualTo(ONE);
	}

	@Test
	void entriesInheritFromTheDefaultChannel() {
		ChannelMethods parent = ChannelMethods.of(deadline(ONE),
				Map.of(UNARY, MethodSettings.builder().deadline(TWO).waitForReady(true).build()));
		ChannelMethods own = ChannelMethods.of(MethodSettings.NONE, Map.of(UNARY, deadline(THREE)));
		MethodSettings settings = resolve(own.inherit(parent)).of(EchoGrpc.getUnaryMethod());
		assertThat(settings.deadline()).isEqualTo(THREE);
		assertThat(settings.waitForReady()).isTrue();
		assertThat(resolve(ChannelMethods.NONE.inherit(parent)).of(EchoGrpc.getUnaryMethod()).deadline())
			.isEqualTo(TWO);
	}

	@Test
	void throttlingAndLookupAreInherited() {
		ChannelMethods parent = new ChannelMethods(MethodSettings.NONE, Map.of(), new RetryThrottling(10, 0.5), false);
		ChannelMethods own = new ChannelMethods(MethodSettings.NONE, Map.of(), new RetryThrottling(20, null), null);
		assertThat(own.inherit(parent).throttling()).isEqualTo(new RetryThrottling(20, 0.5));
		assertThat(own.inherit(parent).serviceConfigLookup()).isFalse();
	}

	@Test
	void partsOfAPolicyAreInherited() {
		RetryPolicy channel = new RetryPolicy(null, 3, ONE, TWO, 1.5, Set.of(Status.Code.ABORTED));
		RetryPolicy method = new RetryPolicy(null, 4, null, THREE, null, null);
		assertThat(settings(retry(channel), Map.of(UNARY, retry(method))).retry())
			.isEqualTo(new RetryPolicy(true, 4, ONE, THREE, 1.5, Set.of(Status.Code.ABORTED)));
	}

	@Test
	void attemptsSwitchOnWhatIsOffFurtherOut() {
		RetryPolicy off = new RetryPolicy(false, 3, ONE, null, null, null);
		assertThat(settings(retry(off), Map.of()).retry().isActive()).isFalse();
		assertThat(settings(retry(off), Map.of(UNARY, deadline(ONE))).retry().isActive()).isFalse();
		assertThat(settings(retry(off), Map.of(UNARY, retry(RetryPolicy.ofAttempts(2)))).retry().isActive()).isTrue();
		RetryPolicy on = new RetryPolicy(true, null, null, null, null, null);
		assertThat(settings(retry(off), Map.of(UNARY, retry(on))).retry().isActive()).isTrue();
	}

	@Test
	void whoAsksForTheOneDoesNotInheritTheOther() {
		MethodSettings hedging = MethodSettings.builder().hedging(HedgingPolicy.ofAttempts(2, ONE)).build();
		MethodSettings retry = retry(RetryPolicy.ofAttempts(3));
		MethodSettings hedged = settings(retry, Map.of(UNARY, hedging));
		assertThat(hedged.hedging().isActive()).isTrue();
		assertThat(hedged.retry().isActive()).isFalse();
		MethodSettings retried = settings(MethodSettings.NONE, Map.of(SERVICE, hedging, UNARY, retry));
		assertThat(retried.hedging().isActive()).isFalse();
		assertThat(retried.retry().isActive()).isTrue();
	}

	@Test
	void whoSwitchesTheOneOffInheritsTheOther() {
		MethodSettings noHedging = MethodSettings.builder().hedging(new HedgingPolicy(false, null, null, null)).build();
		assertThat(settings(retry(RetryPolicy.ofAttempts(3)), Map.of(UNARY, noHedging)).retry().isActive()).isTrue();
	}

	private static MethodSettings deadline(Duration deadline) {
		return MethodSettings.builder().deadline(deadline).build();
	}

	private static MethodSettings retry(RetryPolicy retry) {
		return MethodSettings.builder().retry(retry).build();
	}

	private static MethodSettings settings(MethodSettings channel, Map<String, MethodSettings> entries) {
		return resolve(channel, entries).of(EchoGrpc.getUnaryMethod());
	}

	private static ResolvedMethods resolve(MethodSettings channel, Map<String, MethodSettings> entries) {
		return resolve(ChannelMethods.of(channel, entries));
	}

	private static ResolvedMethods resolve(ChannelMethods methods) {
		return methods.resolve("test", (reason, remedy) -> new IllegalStateException(reason));
	}

}
