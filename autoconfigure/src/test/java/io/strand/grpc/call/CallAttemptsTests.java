package io.strand.grpc.call;

import java.util.Collection;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientStreamTracer;
import io.grpc.ClientStreamTracer.StreamInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import org.junit.jupiter.api.Test;

import org.springframework.test.util.ReflectionTestUtils;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CallAttempts}: what a connection remembers of its streams.
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

	private Collection<?> remembered() {
		return (Collection<?>) ReflectionTestUtils.getField(ClientConnection.of(this.transport), "streams");
	}

}
