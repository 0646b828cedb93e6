package io.strand.grpc.stream;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.call.ClientStreamGuard;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link StreamingCall}: gRPC's blocking client call, behind the guard that
 * Strand's channels have.
 */
@Timeout(60)
class StreamingCallTests extends BlockingStreamTestBase {

	private static final ByteString LARGE = ByteString.copyFrom(new byte[16 * 1024]);

	@BeforeEach
	void start() {
		start(Kind.STRAND_NETTY, ConcurrentSend.SERIALIZE);
	}

	private StreamingCall<Message, Message> bidi() {
		return StreamingCall.of(EchoGrpc.newBlockingV2Stub(server().channel())
			.withInterceptors(new ClientStreamGuard(ConcurrentSend.SERIALIZE, false, 64))
			.withDeadlineAfter(30, TimeUnit.SECONDS)
			.bidi());
	}

	@Test
	@DisplayName("S1: one thread sends while another receives")
	void oneSendsWhileAnotherReceives() throws Exception {
		try (StreamingCall<Message, Message> call = bidi()) {
			Future<?> sending = this.threads.submit(() -> {
				for (int i = 0; i < 3_000; i++) {
					call.send(number(i));
				}
				call.halfClose();
			});
			int next = 0;
			for (Message message : call) {
				assertThat(message.getNumber()).isEqualTo(next++);
			}
			assertThat(next).isEqualTo(3_000);
			assertThat(call.receive()).isNull();
			sending.get(10, TimeUnit.SECONDS);
		}
	}

	@Test
	@DisplayName("S2, S4: many send and many receive; each message arrives whole and goes to one")
	void manySendAndManyReceive() {
		int each = 200;
		AtomicIntegerArray times = new AtomicIntegerArray(8 * each);
		try (StreamingCall<Message, Message> call = bidi()) {
			ConcurrentRun receiving = ConcurrentRun.of(8, (index) -> {
				for (Message message : call) {
					times.incrementAndGet(message.getNumber());
				}
			});
			ConcurrentRun.of(8, (index) -> {
				for (int i = 0; i < each; i++) {
					call.send(number(index * each + i));
				}
			}).join(Duration.ofSeconds(20));
			call.halfClose();
			receiving.join(Duration.ofSeconds(20));
		}
		for (int i = 0; i < times.length(); i++) {
			assertThat(times.get(i)).as("message %d", i).isOne();
		}
	}

	@Test
	@DisplayName("S5, S6: a send blocks while the server does not read, and ends when the call is closed")
	void sendBlocksUntilClosed() throws Exception {
		CountDownLatch never = new CountDownLatch(1);
		this.echo.bidi = (stream) -> never.await();
		AtomicInteger sent = new AtomicInteger();
		CompletableFuture<Throwable> end = new CompletableFuture<>();
		StreamingCall<Message, Message> call = bidi();
		Thread sender = new Thread(() -> end.complete(catchThrowable(() -> {
			while (true) {
				call.send(Message.newBuilder().setPayload(LARGE).build());
				sent.incrementAndGet();
			}
		})), "client-sender");
		sender.start();
		await().until(() -> sent.get() > 0 && sender.getState() == Thread.State.WAITING);
		assertThat(sent).hasValueLessThan(40);
		call.close();
		call.close();
		assertThat(Status.fromThrowable(end.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Code.CANCELLED);
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(call::receive)
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Code.CANCELLED));
		await().untilAsserted(() -> assertThat(server().engine().liveCalls()).isEmpty());
	}

	@Test
	@DisplayName("S6: a receive gives up in time and when interrupted, and nothing is lost")
	void receiveGivesUp() throws Exception {
		try (StreamingCall<Message, Message> call = bidi()) {
			assertThatExceptionOfType(TimeoutException.class).isThrownBy(() -> call.receive(Duration.ofMillis(20)));
			assertThatExceptionOfType(TimeoutException.class).isThrownBy(() -> call.receive(Duration.ZERO));
			Thread.currentThread().interrupt();
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(call::receive)
				.withMessageContaining("Interrupted while waiting to receive");
			assertThat(Thread.interrupted()).isTrue();
			call.send(number(1));
			assertThat(call.receive(Duration.ofSeconds(10))).isEqualTo(number(1));
			call.halfClose();
			assertThat(call.receive(Duration.ofSeconds(10))).isNull();
			assertThatIllegalStateException().isThrownBy(() -> call.send(number(2)));
		}
	}

	@Test
	@DisplayName("S8: a send after the server's end is refused, with the server's status if it failed")
	void sendAfterTheEnd() {
		this.echo.bidi = (stream) -> stream.send(stream.receive());
		try (StreamingCall<Message, Message> call = bidi()) {
			call.send(number(1));
			assertThat(call.receive()).isEqualTo(number(1));
			assertThat(call.receive()).isNull();
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> call.send(number(2)))
				.withMessageContaining("The server has ended the call");
		}
		this.echo.bidi = (stream) -> {
			throw Status.NOT_FOUND.asException();
		};
		try (StreamingCall<Message, Message> call = bidi()) {
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(call::receive)
				.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Code.NOT_FOUND));
			assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> call.send(number(2)));
		}
	}

	@Test
	@DisplayName("A call that is closed early is cancelled on the server")
	void closeCancels() throws Exception {
		CompletableFuture<Throwable> end = new CompletableFuture<>();
		this.echo.bidi = (stream) -> end.complete(catchThrowable(() -> {
			while (true) {
				stream.send(stream.receive());
			}
		}));
		try (StreamingCall<Message, Message> call = bidi()) {
			call.send(number(1));
			assertThat(call.receive()).isEqualTo(number(1));
		}
		assertThat(Status.fromThrowable(end.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Code.CANCELLED);
	}

}
