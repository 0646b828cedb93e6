package io.strand.grpc.call;

import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.ClientStreamTracer.StreamInfo;
import io.grpc.Deadline;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.inprocess.InProcessSocketAddress;
import io.strand.grpc.testing.FakeCall;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.Test;

import org.springframework.test.util.ReflectionTestUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link CallAttempts}: what a connection remembers of its streams, and what is
 * told of them.
 */
class CallAttemptsTests {

	private final Attributes transport = ClientConnection.filter().transportReady(Attributes.EMPTY);

	private final ClientStreamTracer attempt = new CallAttempts(() -> false)
		.newClientStreamTracer(StreamInfo.newBuilder().setCallOptions(CallOptions.DEFAULT).build(), new Metadata());

	@Test
	void streamIsRememberedFromItsBeginToItsEnd() {
		this.attempt.streamCreated(this.transport, new Metadata());
		assertThat(remembered()).isEmpty(); // it may never begin
		this.attempt.outboundHeaders();
		assertThat(remembered()).hasSize(1);
		this.attempt.streamClosed(Status.OK);
		assertThat(remembered()).isEmpty();
	}

	@Test
	void streamThatHasEndedBeforeItsHeadersWentIsNotRemembered() {
		this.attempt.streamCreated(this.transport, new Metadata());
		this.attempt.streamClosed(Status.CANCELLED);
		this.attempt.outboundHeaders();
		assertThat(remembered()).isEmpty();
	}

	@Test
	void serverWhoseTimerComesFirstDoesNotHideTheDeadline() {
		AtomicLong now = new AtomicLong();
		Deadline deadline = Deadline.after(100, TimeUnit.MILLISECONDS, new Deadline.Ticker() {

			@Override
			public long nanoTime() {
				return now.get();
			}

		});
		CallAttempts attempts = new CallAttempts(() -> false);
		ClientStreamTracer cancelled = attempts.newClientStreamTracer(
				StreamInfo.newBuilder().setCallOptions(CallOptions.DEFAULT.withDeadline(deadline)).build(),
				new Metadata());
		ClientCall<?, ?> call = new ConnectedCall();
		now.set(TimeUnit.MILLISECONDS.toNanos(110)); // its listener is still to be told
		assertThat(attempts.end(call)).isNull();
		cancelled.streamClosed(Status.CANCELLED);
		await().until(() -> attempts.end(call) != null);
		assertThat(attempts.end(call).getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
	}

	private Collection<?> remembered() {
		return (Collection<?>) ReflectionTestUtils.getField(ClientConnection.of(this.transport), "streams");
	}

	/** Not to be tried again. */
	private static final class ConnectedCall extends SimpleForwardingClientCall<Message, Message> {

		ConnectedCall() {
			super(new FakeCall<>());
		}

		@Override
		public Attributes getAttributes() {
			return Attributes.newBuilder()
				.set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, new InProcessSocketAddress("test"))
				.build();
		}

	}

}
