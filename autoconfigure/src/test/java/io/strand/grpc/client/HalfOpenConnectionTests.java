package io.strand.grpc.client;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TcpProxy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The network loses everything, and tells nobody.
 */
@ExtendWith(LeakCheckExtension.class)
class HalfOpenConnectionTests {

	/** The shortest that gRPC takes: it makes ten seconds of anything below. */
	private static final Duration KEEP_ALIVE_TIME = Duration.ofSeconds(10);

	private static final Duration KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(1);

	/** For a machine that has other things to do. */
	private static final Duration PATIENCE = Duration.ofSeconds(5);

	/** At the same time as a server that takes connections and says nothing. */
	@Test
	void keepAliveFindsIt() throws Exception {
		CountDownLatch asked = new CountDownLatch(1);
		EchoService service = new EchoService() {

			@Override
			public void unary(Message request, StreamObserver<Message> responses) {
				if (request.getText().equals("never answered")) {
					asked.countDown();
				}
				else {
					super.unary(request, responses);
				}
			}

		};
		try (RecordingServer server = RecordingServer.start(service);
				TcpProxy proxy = new TcpProxy(server.port());
				FaultChannel channel = new FaultChannel(ChannelSettings.builder()
					.target("127.0.0.1:" + proxy.port())
					.keepAliveTime(KEEP_ALIVE_TIME)
					.keepAliveTimeout(KEEP_ALIVE_TIMEOUT));
				ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
				FaultChannel connecting = new FaultChannel(ChannelSettings.builder()
					.target("127.0.0.1:" + silent.getLocalPort())
					.keepAliveTime(KEEP_ALIVE_TIME)
					.keepAliveTimeout(KEEP_ALIVE_TIMEOUT)
					.keepAliveWithoutCalls(true))) {
			Future<Message> neverSent = connecting.future().unary(FaultChannel.MESSAGE);
			Future<Message> lost = channel.future().unary(Message.newBuilder().setText("never answered").build());
			assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
			proxy.freeze();
			assertLost(lost, proxy.port());
			assertLost(neverSent, silent.getLocalPort());
			assertThat(channel.blocking().unary(FaultChannel.MESSAGE)).isEqualTo(FaultChannel.MESSAGE);
			assertThat(server.connections()).isEqualTo(2);
		}
	}

	private static void assertLost(Future<Message> answer, int port) {
		Duration longest = KEEP_ALIVE_TIME.plus(KEEP_ALIVE_TIMEOUT).plus(PATIENCE);
		assertThatExceptionOfType(ExecutionException.class)
			.isThrownBy(() -> answer.get(longest.toMillis(), TimeUnit.MILLISECONDS))
			.withCauseInstanceOf(StatusRuntimeException.class)
			.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.UNAVAILABLE))
			.withMessageContaining("Keepalive failed")
			.withMessageContaining("(channel 'default' to 127.0.0.1:%d at".formatted(port));
	}

}
