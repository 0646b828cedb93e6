package io.strand.grpc.client;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ConnectivityState;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.credentials.AuthorizationCredentials;
import io.strand.grpc.client.credentials.ChannelAuthentication;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * One channel for each name, made by the first call.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcChannelsTests {

	private final RecordingServer server = RecordingServer.start(new EchoService());

	private final List<ClientInterceptor> interceptors = new CopyOnWriteArrayList<>();

	private final List<GrpcChannelCustomizer> customizers = new CopyOnWriteArrayList<>();

	private final GrpcChannels channels = channels(settings(this.server.target()));

	@AfterEach
	void close() {
		this.channels.close();
		this.server.close();
	}

	@Test
	void aNameHasOneChannelForAll() {
		Set<Channel> seen = ConcurrentHashMap.newKeySet();
		ConcurrentRun.of(16, (index) -> seen.add(this.channels.channel("default"))).join(Duration.ofSeconds(10));
		assertThat(seen).hasSize(1);
	}

	@Test
	void namesHaveChannelsOfTheirOwn() {
		try (GrpcChannels two = new GrpcChannels(
				Map.of("a", settings(this.server.target()), "b", settings(this.server.target())), List::of, List::of,
				new TestOwnServer(), null)) {
			echo(two.channel("a"));
			echo(two.channel("b"));
			assertThat(this.server.connections()).isEqualTo(2);
		}
	}

	@RepeatedTest(5)
	void theFirstCallsOfManyThreadsMakeOneConnection() {
		AtomicInteger built = new AtomicInteger();
		this.customizers.add((name, builder) -> built.incrementAndGet());
		ConcurrentRun.of(64, (index) -> echo(this.channels.channel("default"))).join(Duration.ofSeconds(30));
		assertThat(built).hasValue(1);
		assertThat(this.server.connections()).isEqualTo(1);
	}

	@Test
	void nothingConnectsBeforeTheFirstCall() {
		AtomicInteger built = new AtomicInteger();
		this.customizers.add((name, builder) -> built.incrementAndGet());
		EchoGrpc.newBlockingStub(this.channels.channel("default"));
		assertThat(built).hasValue(0);
		assertThat(this.server.connections()).isZero();
	}

	@Test
	void anUnknownNameIsRefused() {
		assertThatExceptionOfType(ChannelConfigurationException.class)
			.isThrownBy(() -> this.channels.channel("nothing"))
			.withMessageContaining("No channel is named 'nothing'. Configured channels: default.");
	}

	@Test
	void aChannelMadeWhileRunningInheritsFromTheDefault() {
		this.customizers.add((name, builder) -> assertThat(name).isEqualTo(this.server.target()));
		this.interceptors.add(new Recorder("global"));
		ManagedChannel channel = this.channels.create(this.server.target(),
				ChannelSettings.builder().authority("made").build());
		echo(channel);
		assertThat(this.server.lastCall().header("user-agent")).startsWith("inherited ");
		assertThat(this.server.lastCall().authority()).isEqualTo("made");
		assertThat(Recorder.calls(this.interceptors)).containsExactly("global");
	}

	@Test
	void aChannelMadeWhileRunningFollowsTheDefaultAndNoCallFails() {
		ManagedChannel channel = this.channels.create(this.server.target(),
				ChannelSettings.builder().authority("made").build());
		AtomicInteger calls = new AtomicInteger();
		AtomicBoolean over = new AtomicBoolean();
		ConcurrentRun.of(5, (index) -> {
			for (int i = 0; index == 0 && i < 10; i++) {
				int seen = calls.get();
				this.channels.update(Map.of("default",
						ChannelSettings.builder().target("in-process:nobody").userAgent("changed-" + i).build()),
						Set.of("default"));
				await().until(() -> calls.get() > seen + 20);
			}
			while (index != 0 && !over.get()) {
				echo(channel);
				calls.incrementAndGet();
			}
			over.set(true);
		}).join(Duration.ofSeconds(60));
		echo(channel);
		assertThat(this.server.lastCall().header("user-agent")).startsWith("changed-9 ");
		assertThat(this.server.lastCall().authority()).isEqualTo("made");
		await().until(() -> this.server.openConnections() == 1);
		channel.shutdown();
		await().until(channel::isTerminated);
		await().until(() -> this.server.openConnections() == 0);
	}

	@Test
	void aChannelMadeWhileRunningStaysIfItCouldNotWorkWithWhatItInherits() {
		ManagedChannel channel = this.channels.create(this.server.target(),
				ChannelSettings.builder().credentials(InsecureChannelCredentials.create()).build());
		echo(channel);
		ChannelAuthentication token = ChannelAuthentication.of(AuthorizationCredentials.bearer("t"));
		this.channels.update(
				Map.of("default", ChannelSettings.builder().target("in-process:nobody").authentication(token).build()),
				Set.of("default"));
		echo(channel);
		assertThat(this.server.connections()).isEqualTo(1);
	}

	@Test
	void aChannelMadeWhileRunningSaysThatItWasShutDown() {
		ManagedChannel channel = this.channels.create(this.server.target(), ChannelSettings.builder().build());
		assertThat(channel.getState(false)).isEqualTo(ConnectivityState.IDLE);
		echo(channel);
		assertThat(channel.getState(true)).isEqualTo(ConnectivityState.READY);
		channel.shutdown();
		await().until(channel::isTerminated);
		assertThat(channel.getState(true)).isEqualTo(ConnectivityState.SHUTDOWN);
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> echo(channel))
			.withMessageStartingWith(
					"UNAVAILABLE: The channel to '%s' was shut down; ".formatted(this.server.target()));
	}

	@Test
	void aChannelMadeWhileRunningIsClosedWithTheOthers() {
		ManagedChannel channel = this.channels.create(this.server.target(), ChannelSettings.builder().build());
		echo(channel);
		this.channels.close();
		assertThat(channel.isTerminated()).isTrue();
		assertThatIllegalStateException()
			.isThrownBy(() -> this.channels.create(this.server.target(), ChannelSettings.builder().build()))
			.withMessageContaining("the application context is closed");
	}

	@Test
	void aChannelMadeWhileRunningMayBeClosedBefore() {
		ManagedChannel channel = this.channels.create(this.server.target(), ChannelSettings.builder().build());
		channel.shutdownNow();
		this.channels.close();
		assertThat(channel.isShutdown()).isTrue();
	}

	@Test
	void anInvalidTargetOfAChannelMadeWhileRunningIsRefused() {
		assertThatExceptionOfType(ChannelConfigurationException.class)
			.isThrownBy(() -> this.channels.create("stock", ChannelSettings.builder().build()))
			.withMessageContaining("'stock' of GrpcChannels.create is not valid");
	}

	@Test
	void aFailingCustomizerFailsTheCallAndTheNextCallTriesAgain() {
		AtomicInteger attempts = new AtomicInteger();
		this.customizers.add((name, builder) -> {
			if (attempts.incrementAndGet() == 1) {
				throw new IllegalArgumentException("not today");
			}
		});
		Channel channel = this.channels.channel("default");
		assertThatIllegalStateException().isThrownBy(() -> echo(channel))
			.withMessage("Channel 'default' cannot be made")
			.havingRootCause()
			.withMessage("not today");
		echo(channel);
		echo(channel);
		assertThat(attempts).hasValue(2);
	}

	@Test
	void aFailureIsSeenByAllThreadsThatWaitedForTheChannel() {
		this.customizers.add((name, builder) -> {
			throw new IllegalArgumentException("never");
		});
		ConcurrentRun.of(16,
				(index) -> assertThatIllegalStateException().isThrownBy(() -> echo(this.channels.channel("default"))))
			.join(Duration.ofSeconds(10));
	}

	@Test
	void aCustomizerThatCallsItsOwnChannelIsTold() {
		this.customizers.add((name, builder) -> echo(this.channels.channel("default")));
		assertThatIllegalStateException().isThrownBy(() -> echo(this.channels.channel("default")))
			.havingRootCause()
			.withMessage("Channel 'default' is called while it is being made, by its own customizer or interceptor");
	}

	@Test
	void customizersRunInOrderAfterTheProperties() {
		this.customizers.add((name, builder) -> builder.userAgent(name + "-first"));
		this.customizers.add((name, builder) -> builder.userAgent(name + "-second"));
		echo(this.channels.channel("default"));
		assertThat(this.server.lastCall().header("user-agent")).startsWith("default-second ");
	}

	@Test
	void theFirstInterceptorIsTheOutermost() {
		List<String> order = new CopyOnWriteArrayList<>();
		this.interceptors.add(new Recorder("outer", order));
		this.interceptors.add(new Recorder("inner", order));
		echo(this.channels.channel("default"));
		assertThat(order).containsExactly("outer", "inner");
	}

	@Test
	void anInterceptorThatSetsADeadlineIsHeard() {
		this.interceptors.add(new Recorder("deadline") {

			@Override
			public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options,
					Channel next) {
				return next.newCall(method, options.withDeadlineAfter(1, TimeUnit.HOURS));
			}

		});
		try (GrpcChannels deadline = new GrpcChannels(
				Map.of("default",
						ChannelSettings.builder().target(this.server.target()).deadline(Duration.ofSeconds(5)).build()),
				() -> this.interceptors, List::of, new TestOwnServer(), null)) {
			echo(deadline.channel("default"));
			assertThat(this.server.lastCall().secondsLeft()).isBetween(3000L, 3600L);
		}
	}

	@Test
	void closingTwiceDoesNothingMore() {
		echo(this.channels.channel("default"));
		this.channels.close();
		this.channels.close();
		await().until(() -> this.server.openConnections() == 0);
	}

	@Test
	void aChannelThatIsMadeWhileItsContextClosesRefusesCalls() {
		this.customizers.add((name, builder) -> {
			this.channels.close();
			throw new IllegalStateException("beans are gone");
		});
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> echo(this.channels.channel("default")))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE))
			.withMessageContaining("is closed");
	}

	@Test
	void changedSettingsApplyToTheNextConnectionAndNoCallFails() {
		AtomicInteger calls = new AtomicInteger();
		AtomicBoolean over = new AtomicBoolean();
		this.server.forgetCalls();
		ConcurrentRun.of(9, (index) -> {
			for (int i = 0; index == 0 && i < 30; i++) {
				int seen = calls.get();
				this.channels.update(Map.of("default", settings(this.server.target())), Set.of("default"));
				await().until(() -> calls.get() > seen + 20);
			}
			while (index != 0 && !over.get()) {
				echo(this.channels.channel("default"));
				calls.incrementAndGet();
			}
			over.set(true);
		}).join(Duration.ofSeconds(60));
		assertThat(this.server.connections()).isGreaterThan(20);
		await().until(() -> this.server.openConnections() <= 1);
	}

	@Test
	void aStreamOutlivesTheSettingsThatItStartedWith() {
		List<Message> received = new CopyOnWriteArrayList<>();
		StreamObserver<Message> requests = EchoGrpc.newStub(this.channels.channel("default"))
			.bidi(new StreamObserver<>() {

				@Override
				public void onNext(Message message) {
					received.add(message);
				}

				@Override
				public void onError(Throwable error) {
					received.add(Message.newBuilder().setText(error.toString()).build());
				}

				@Override
				public void onCompleted() {
				}

			});
		requests.onNext(Message.newBuilder().setText("before").build());
		await().until(() -> received.size() == 1);
		this.channels.update(
				Map.of("default", ChannelSettings.builder().target(this.server.target()).userAgent("changed").build()),
				Set.of("default"));
		echo(this.channels.channel("default"));
		assertThat(this.server.lastCall().header("user-agent")).startsWith("changed ");
		requests.onNext(Message.newBuilder().setText("after").build());
		await().until(() -> received.size() == 2);
		requests.onCompleted();
		assertThat(received.get(1).getText()).isEqualTo("after");
	}

	@Test
	void onlyTheChannelsThatHaveChangedAreReplaced() {
		try (GrpcChannels two = new GrpcChannels(
				Map.of("a", settings(this.server.target()), "b", settings(this.server.target())), List::of, List::of,
				new TestOwnServer(), null)) {
			echo(two.channel("a"));
			echo(two.channel("b"));
			two.update(Map.of("a", settings(this.server.target()), "b", settings(this.server.target())), Set.of("a"));
			echo(two.channel("a"));
			echo(two.channel("b"));
			assertThat(this.server.connections()).isEqualTo(3);
		}
	}

	@Test
	void settingsThatAreNotValidChangeNothing() {
		echo(this.channels.channel("default"));
		assertThatExceptionOfType(ChannelConfigurationException.class)
			.isThrownBy(() -> this.channels.update(Map.of("default", settings("no port")), Set.of("default")));
		echo(this.channels.channel("default"));
		assertThat(this.server.connections()).isEqualTo(1);
	}

	@Test
	void aChannelMayHaveSeveralConnections() {
		try (GrpcChannels several = channels(
				ChannelSettings.builder().target(this.server.target()).connections(3).build())) {
			Channel channel = several.channel("default");
			await().until(() -> {
				ConcurrentRun.of(32, (index) -> echo(channel)).join(Duration.ofSeconds(10));
				return this.server.connections() == 3;
			});
		}
	}

	@Test
	void aChannelThatHasLittleToDoKeepsOneOfSeveralConnections() {
		try (GrpcChannels several = channels(ChannelSettings.builder()
			.target(this.server.target())
			.connections(3)
			.idleTimeout(Duration.ofSeconds(1))
			.build())) {
			Channel channel = several.channel("default");
			await().until(() -> {
				ConcurrentRun.of(32, (index) -> echo(channel)).join(Duration.ofSeconds(10));
				return this.server.openConnections() == 3;
			});
			await().atMost(Duration.ofSeconds(30)).until(() -> {
				echo(channel);
				return this.server.openConnections() == 1;
			});
		}
	}

	private static ChannelSettings settings(String target) {
		return ChannelSettings.builder().target(target).userAgent("inherited").authority("default").build();
	}

	private GrpcChannels channels(ChannelSettings settings) {
		Supplier<List<ClientInterceptor>> lazyInterceptors = () -> this.interceptors;
		return new GrpcChannels(Map.of("default", settings), lazyInterceptors, () -> this.customizers,
				new TestOwnServer(), null);
	}

	private static void echo(Channel channel) {
		EchoBlockingStub stub = EchoGrpc.newBlockingStub(channel).withWaitForReady();
		Message message = Message.newBuilder().setText("hello").build();
		assertThat(stub.unary(message)).isEqualTo(message);
	}

	/**
	 * Notes its name at each call.
	 */
	static class Recorder implements ClientInterceptor {

		private final String name;

		private final List<String> calls;

		Recorder(String name) {
			this(name, new CopyOnWriteArrayList<>());
		}

		Recorder(String name, List<String> calls) {
			this.name = name;
			this.calls = calls;
		}

		static List<String> calls(List<ClientInterceptor> interceptors) {
			return interceptors.stream().flatMap((recorder) -> ((Recorder) recorder).calls.stream()).toList();
		}

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
			this.calls.add(this.name);
			return next.newCall(method, options);
		}

	}

}
