package io.strand.grpc.client;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.resolve.TestNames;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.FreePort;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TcpProxy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * What a call is told that found no server, or lost it.
 */
@ExtendWith(LeakCheckExtension.class)
class UnavailableDetailsTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	@Test
	void allAddressesOfAListAreNamedAndTheLastError() {
		int one = FreePort.find();
		int other = FreePort.find();
		String target = "static://127.0.0.1:%d,127.0.0.1:%d".formatted(one, other);
		try (FaultChannel channel = new FaultChannel(ChannelSettings.builder().target(target))) {
			assertThat(failure(channel.blocking()).getDescription())
				.contains("(channel 'default' to %s at 127.0.0.1:%d, 127.0.0.1:%d: ".formatted(target, one, other))
				.contains("Connection refused: /127.0.0.1:");
		}
	}

	@Test
	void whatANameWasResolvedToIsNamed() {
		int one = FreePort.find();
		int other = FreePort.find();
		TestNames names = new TestNames("names");
		names.answer(one, other);
		try (GrpcChannels channels = channels("names:///shop", names)) {
			assertThat(failure(EchoGrpc.newBlockingStub(channels.channel("stock"))).getDescription())
				.contains("(channel 'stock' to names:///shop at 127.0.0.1:%d, 127.0.0.1:%d: ".formatted(one, other));
		}
	}

	@Test
	void ofManyAddressesSomeAreNamed() {
		int port = FreePort.find();
		TestNames names = new TestNames("names");
		names.answer(port, port, port, port, port, port, port, port, port, port);
		try (GrpcChannels channels = channels("names:///shop", names)) {
			assertThat(failure(EchoGrpc.newBlockingStub(channels.channel("stock"))).getDescription())
				.contains("shop at " + "127.0.0.1:%d, ".formatted(port).repeat(7)
						+ "127.0.0.1:%d and 2 more: ".formatted(port));
		}
	}

	@Test
	void aNameThatIsNotResolvedHasNoAddresses() {
		TestNames names = new TestNames("names");
		names.fail();
		try (GrpcChannels channels = channels("names:///shop", names)) {
			assertThat(failure(EchoGrpc.newBlockingStub(channels.channel("stock"))).getDescription())
				.isEqualTo("DNS is down (channel 'stock' to names:///shop)");
		}
	}

	@Test
	void aCallThatLosesItsConnectionSaysWhichOne() throws Exception {
		CountDownLatch asked = new CountDownLatch(1);
		EchoService silent = new EchoService() {

			@Override
			public void unary(Message request, StreamObserver<Message> responses) {
				asked.countDown();
			}

		};
		try (RecordingServer server = RecordingServer.start(silent); TcpProxy proxy = new TcpProxy(server.port())) {
			String target = "127.0.0.1:" + proxy.port();
			try (FaultChannel channel = new FaultChannel(ChannelSettings.builder().target(target))) {
				Future<Message> lost = channel.future().unary(MESSAGE);
				assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
				proxy.close();
				assertThatExceptionOfType(ExecutionException.class).isThrownBy(() -> lost.get(30, TimeUnit.SECONDS))
					.satisfies((ex) -> assertThat(Status.fromThrowable(ex)).satisfies((status) -> {
						assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
						assertThat(status.getDescription())
							.contains("(channel 'default' to %s at %1$s".formatted(target));
					}));
			}
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void whatAServerAnswersIsLeftAsItIs(boolean afterMessage) {
		EchoService refusing = new EchoService() {

			@Override
			public void unary(Message request, StreamObserver<Message> responses) {
				if (afterMessage) {
					responses.onNext(request);
				}
				responses.onError(Status.UNAVAILABLE.withDescription("mine").asRuntimeException(new Metadata()));
			}

		};
		try (RecordingServer server = RecordingServer.start(refusing);
				FaultChannel channel = new FaultChannel(ChannelSettings.builder().target(server.target()))) {
			assertThat(failure(channel.blocking()).getDescription()).isEqualTo("mine");
		}
	}

	private static GrpcChannels channels(String target, TestNames names) {
		return new GrpcChannels(Map.of("stock", ChannelSettings.builder().target(target).build()), List::of, List::of,
				new TestOwnServer(), null, List.of(names));
	}

	private static Status failure(EchoBlockingStub stub) {
		StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class,
				() -> stub.withDeadlineAfter(30, TimeUnit.SECONDS).unary(MESSAGE));
		assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		return failure.getStatus();
	}

}
