package io.strand.grpc.client;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.client.resolve.TestNames;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Calls are spread over the servers that a name stands for, as the settings say.
 */
@ExtendWith(LeakCheckExtension.class)
class BalancingTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private final HealthStatusManager health = new HealthStatusManager();

	private final RecordingServer first = RecordingServer.start(new EchoService(),
			new HealthStatusManager().getHealthService());

	private final RecordingServer second = RecordingServer.start(new EchoService(), this.health.getHealthService());

	private final TestNames names = new TestNames("names");

	private GrpcChannels channels = channels(BalancingSettings.builder(), "names:///shop");

	BalancingTests() {
		this.names.answer(this.first.port(), this.second.port());
	}

	@AfterEach
	void close() {
		this.channels.close();
		this.first.close();
		this.second.close();
	}

	@Test
	void callsTakeTurnsByDefault() {
		awaitBoth();
		int before = echoes(this.first);
		for (int i = 0; i < 20; i++) {
			echo();
		}
		assertThat(echoes(this.first) - before).isEqualTo(10);
	}

	@Test
	void oneAddressIsFineToo() {
		this.names.answer(this.first.port());
		for (int i = 0; i < 20; i++) {
			echo();
		}
		assertThat(this.first.connections()).isEqualTo(1);
	}

	@Test
	void localhostIsOneServer() {
		use(BalancingSettings.builder(), "dns:///localhost:" + this.first.port());
		for (int i = 0; i < 20; i++) {
			echo();
		}
		assertThat(this.first.connections()).isEqualTo(1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "least_request", "weighted_round_robin", "round_robin", "ROUND-ROBIN" })
	void policiesThatUseAllServers(String policy) {
		use(BalancingSettings.builder().policy(policy));
		awaitBoth();
	}

	@Test
	void leastRequestTakesItsChoices() {
		use(BalancingSettings.builder().policy("least_request").leastRequestChoices(4));
		awaitBoth();
	}

	@Test
	void pickFirstUsesOneServer() {
		use(BalancingSettings.builder().policy("pick_first"));
		for (int i = 0; i < 20; i++) {
			echo();
		}
		assertThat(this.second.connections()).isZero();
	}

	@Test
	void ringHashSendsOneHeaderToOneServer() {
		use(BalancingSettings.builder().policy("ring_hash").ringHashHeader("customer").ringHashMinSize(64));
		for (int customer = 0; customer < 40; customer++) {
			int before = echoes(this.first);
			for (int i = 0; i < 5; i++) {
				echo("customer-" + customer);
			}
			assertThat(echoes(this.first) - before).isIn(0, 5);
		}
		assertThat(echoes(this.first)).isPositive();
		assertThat(echoes(this.second)).isPositive();
	}

	@Test
	void aServerThatDoesNotServeGetsNoCallsUntilItDoesAgain() {
		use(BalancingSettings.builder().healthCheck(true));
		awaitBoth();
		this.health.setStatus("", ServingStatus.NOT_SERVING);
		await().until(() -> !getsCalls(this.second));
		for (int i = 0; i < 20; i++) {
			assertThat(getsCalls(this.second)).isFalse();
		}
		this.health.setStatus("", ServingStatus.SERVING);
		await().until(() -> getsCalls(this.second));
		assertThat(this.second.connections()).isEqualTo(1);
	}

	@Test
	void healthMayBeThatOfAService() {
		this.health.setStatus("shop.Stock", ServingStatus.SERVING);
		use(BalancingSettings.builder().healthCheck(true).healthCheckService("shop.Stock"));
		await().until(() -> getsCalls(this.second));
		for (int i = 0; i < 20; i++) {
			echo();
		}
		assertThat(echoes(this.first)).as("calls to the server that does not know the service").isZero();
	}

	@Test
	void withoutHealthChecksNobodyIsAsked() {
		this.health.setStatus("", ServingStatus.NOT_SERVING);
		awaitBoth();
		assertThat(this.second.calls()).noneMatch((call) -> call.method().startsWith("grpc.health"));
	}

	@Test
	void anAddedServerGetsCallsAndARemovedOneGetsNoneAndNoCallIsLost() throws Exception {
		this.names.answer(this.first.port());
		use(BalancingSettings.builder().refreshInterval(Duration.ofMillis(20)));
		AtomicBoolean done = new AtomicBoolean();
		AtomicInteger failures = new AtomicInteger();
		Thread caller = new Thread(() -> {
			while (!done.get()) {
				try {
					EchoGrpc.newBlockingStub(this.channels.channel("default")).unary(MESSAGE);
				}
				catch (StatusRuntimeException ex) {
					failures.incrementAndGet();
				}
			}
		}, "caller");
		caller.start();
		try {
			await().until(() -> echoes(this.first) > 10);
			assertThat(this.second.connections()).isZero();
			this.names.answer(this.first.port(), this.second.port());
			await().until(() -> echoes(this.second) > 10);
			assertThat(this.first.connections()).as("connections, none of which failed").isEqualTo(1);
			this.names.answer(this.second.port());
			await().atMost(Duration.ofSeconds(30)).until(() -> this.first.openConnections() == 0);
			int before = echoes(this.second);
			await().until(() -> echoes(this.second) > before + 10);
		}
		finally {
			done.set(true);
			caller.join(10_000);
		}
		assertThat(failures).hasValue(0);
		assertThat(this.second.connections()).isEqualTo(1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "round_robin", "pick_first" })
	void addressesAreKeptWhileTheNameCannotBeResolved(String policy) {
		use(BalancingSettings.builder().policy(policy).refreshInterval(Duration.ofMillis(20)));
		echo();
		this.names.fail();
		int before = this.names.questions();
		await().until(() -> this.names.questions() > before + 3);
		assertThatCode(() -> EchoGrpc.newBlockingStub(this.channels.channel("default")).unary(MESSAGE))
			.doesNotThrowAnyException();
		await().untilAsserted(() -> assertThat(this.first.connections()).isEqualTo(1));
	}

	@Test
	void aNameThatWasNeverResolvedFailsItsCalls() {
		this.names.fail();
		use(BalancingSettings.builder().refreshInterval(Duration.ofMillis(20)));
		assertThatExceptionOfType(StatusRuntimeException.class)
			.isThrownBy(() -> EchoGrpc.newBlockingStub(this.channels.channel("default")).unary(MESSAGE))
			.withMessageContaining("DNS is down");
		this.names.answer(this.first.port());
		echo();
	}

	@Test
	void aNameThatWasNeverResolvedIsAskedForAsSoonAsALostConnectionIsTried() {
		this.names.fail();
		this.channels.close();
		this.channels = channels(ChannelSettings.builder()
			.target("names:///shop")
			.maxReconnectBackoff(Duration.ofMillis(20))
			.balancing(BalancingSettings.builder().refreshInterval(Duration.ZERO).build()));
		assertThatExceptionOfType(StatusRuntimeException.class)
			.isThrownBy(() -> EchoGrpc.newBlockingStub(this.channels.channel("default")).unary(MESSAGE));
		// gRPC by itself asks four times in the first ten seconds
		await().until(() -> this.names.questions() > 20);
		this.names.answer(this.first.port());
		echo();
		assertThatNoMoreQuestionsAreAsked();
	}

	private void assertThatNoMoreQuestionsAreAsked() {
		int before = this.names.questions();
		for (int i = 0; i < 200; i++) {
			echo();
		}
		assertThat(this.names.questions()).isEqualTo(before);
	}

	@Test
	void anIntervalOfZeroResolvesOnce() {
		use(BalancingSettings.builder().refreshInterval(Duration.ZERO));
		echo();
		assertThat(this.names.questions()).isEqualTo(1);
	}

	private void use(BalancingSettings.Builder settings) {
		use(settings, "names:///shop");
	}

	private void use(BalancingSettings.Builder settings, String target) {
		this.channels.close();
		this.channels = channels(settings, target);
	}

	private GrpcChannels channels(BalancingSettings.Builder balancing, String target) {
		return channels(ChannelSettings.builder().target(target).balancing(balancing.build()));
	}

	private GrpcChannels channels(ChannelSettings.Builder settings) {
		return new GrpcChannels(Map.of("default", settings.build()), List::of, List::of, new TestOwnServer(), null,
				List.of(this.names));
	}

	/**
	 * Waits until both servers are connected and get calls.
	 */
	private void awaitBoth() {
		await().until(() -> getsCalls(this.first) && getsCalls(this.second));
	}

	private boolean getsCalls(RecordingServer server) {
		int before = echoes(server);
		for (int i = 0; i < 8; i++) {
			echo();
		}
		return echoes(server) > before;
	}

	private static int echoes(RecordingServer server) {
		return (int) server.calls().stream().filter((call) -> call.method().startsWith("strand.testing.Echo")).count();
	}

	private void echo() {
		echo("none");
	}

	private void echo(String customer) {
		Metadata headers = new Metadata();
		headers.put(Metadata.Key.of("customer", Metadata.ASCII_STRING_MARSHALLER), customer);
		EchoBlockingStub stub = EchoGrpc.newBlockingStub(this.channels.channel("default"))
			.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
			.withDeadlineAfter(20, TimeUnit.SECONDS)
			.withWaitForReady();
		assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE);
	}

}
