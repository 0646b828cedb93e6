package io.strand.grpc.stream;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.Threading;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.SlowClient;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * What a blocking body hears of the longest that its method allows, wherever it blocks.
 */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class StreamTimeoutTests extends BlockingStreamTestBase {

	private static final Message LARGE = Message.newBuilder().setPayload(ByteString.copyFrom(new byte[30_000])).build();

	private final CompletableFuture<Throwable> thrown = new CompletableFuture<>();

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER, true", "STRAND_NETTY, IMPL_BASE, true", "STRAND_NETTY, HANDLER, false",
			"STRAND_NETTY, IMPL_BASE, false", "STRAND_NETTY_PLATFORM, HANDLER, true",
			"STRAND_IN_PROCESS, HANDLER, true", "STRAND_IN_PROCESS, IMPL_BASE, false" })
	void receiverThatWaits(Kind kind, Style style, boolean interrupt) throws Exception {
		this.echo.bidi = (stream) -> this.thrown.complete(catchThrowable(stream::receive));
		start(kind, lasting(interrupt), style.of(this.echo));
		Outcome outcome = open(BIDI);
		assertEnded(outcome.status());
	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER, true", "STRAND_NETTY, IMPL_BASE, true", "STRAND_NETTY, HANDLER, false",
			"STRAND_NETTY, IMPL_BASE, false", "STRAND_NETTY_PLATFORM, HANDLER, true",
			"STRAND_IN_PROCESS, HANDLER, true", "STRAND_IN_PROCESS, IMPL_BASE, false" })
	void senderThatWaits(Kind kind, Style style, boolean interrupt) throws Exception {
		this.echo.bidi = (stream) -> this.thrown.complete(catchThrowable(() -> {
			while (true) {
				stream.send(LARGE);
			}
		}));
		start(kind, lasting(interrupt), style.of(this.echo));
		SlowClient client = new SlowClient();
		EchoGrpc.newStub(server().channel()).bidi(client);
		awaitThrown();
		awaitNoCalls();
		client.readAll();
		assertEnded(client.end());
	}

	@ParameterizedTest
	@CsvSource({ "STRAND_NETTY, HANDLER", "STRAND_NETTY, IMPL_BASE", "STRAND_NETTY_PLATFORM, HANDLER",
			"STRAND_IN_PROCESS, HANDLER" })
	void bodyThatWaitsForSomethingElse(Kind kind, Style style) throws Exception {
		this.echo.bidi = (stream) -> this.thrown.complete(catchThrowable(() -> new CountDownLatch(1).await()));
		start(kind, lasting(true), style.of(this.echo));
		assertThat(open(BIDI).status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
		assertThat(this.thrown.get(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
	}

	private static HandlerSettings lasting(boolean interrupt) {
		return new HandlerSettings(Threading.AUTO, interrupt, ConcurrentSend.SERIALIZE, null,
				HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(), Duration.ZERO, Duration.ofSeconds(1));
	}

	private void assertEnded(Status told) throws Exception {
		assertThat(told.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
		assertThat(told.getDescription()).isEqualTo("The call lasted longer than the server allows (1000 ms)");
		awaitThrown();
	}

	private void awaitThrown() throws Exception {
		Throwable heard = this.thrown.get(10, TimeUnit.SECONDS);
		assertThat(heard).isInstanceOf(StatusRuntimeException.class);
		assertThat(Status.fromThrowable(heard).getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
	}

}
