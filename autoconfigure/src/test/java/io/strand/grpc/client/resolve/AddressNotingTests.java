package io.strand.grpc.client.resolve;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

import io.grpc.ConnectivityState;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.strand.grpc.testing.FreePort;
import io.strand.grpc.testing.LeakCheckExtension;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Where the policy and not the resolver decides on addresses, they are known all the
 * same.
 */
@ExtendWith(LeakCheckExtension.class)
class AddressNotingTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final ResolvedAddresses addresses = new ResolvedAddresses();

	private final TestNames names = new TestNames("names");

	private final ManagedChannel channel = channel();

	@SuppressWarnings("deprecation") // gRPC has nothing else for the resolver of one
										// channel
	private ManagedChannel channel() {
		return NettyChannelBuilder.forTarget("names:///shop", InsecureChannelCredentials.create())
			.nameResolverFactory(new AddressNotingResolverProvider(this.names, this.addresses))
			.build();
	}

	@AfterEach
	void close() throws InterruptedException {
		assertThat(this.channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS)).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "round_robin", "pick_first" })
	void addressesThatCannotBeConnectedToAreNoted(String policy) {
		int one = FreePort.find();
		int other = FreePort.find();
		this.names.usePolicy(policy);
		this.names.answer(one, other);
		this.channel.getState(true);
		await().atMost(PATIENCE).until(() -> this.channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE);
		await().atMost(PATIENCE).until(this::noted, addresses(one, other)::equals);
	}

	@Test
	void addressesThatAreGoneAreForgotten() {
		int one = FreePort.find();
		int other = FreePort.find();
		this.names.usePolicy("round_robin");
		this.names.answer(one);
		this.channel.getState(true);
		await().atMost(PATIENCE).until(this::noted, addresses(one)::equals);
		this.names.answer(other);
		await().atMost(PATIENCE).until(() -> {
			this.channel.resetConnectBackoff(); // what fails again is resolved again
			return noted();
		}, addresses(other)::equals);
		this.channel.enterIdle();
		await().atMost(PATIENCE).until(this.addresses::describe, String::isEmpty);
	}

	@Test
	void anotherPolicyTakesOver() {
		int one = FreePort.find();
		this.names.usePolicy("round_robin");
		this.names.answer(one);
		this.channel.getState(true);
		await().atMost(PATIENCE).until(this::noted, addresses(one)::equals);
		int other = FreePort.find();
		this.names.usePolicy("pick_first");
		this.names.answer(one, other);
		await().atMost(PATIENCE).until(() -> {
			this.channel.resetConnectBackoff();
			return noted();
		}, addresses(one, other)::equals);
	}

	@Test
	void aServiceConfigWithoutAPolicyIsLeftAsItIs() {
		Map<String, ?> serviceConfig = Map.of("methodConfig", List.of());
		assertThat(AddressNotingPolicy.around(serviceConfig, this.addresses)).isSameAs(serviceConfig);
	}

	/** In any order: policies take them in any. */
	private Set<String> noted() {
		return Set.of(this.addresses.describe().split(", "));
	}

	private static Set<String> addresses(int... ports) {
		return Arrays.stream(ports).mapToObj((port) -> "127.0.0.1:" + port).collect(Collectors.toSet());
	}

}
