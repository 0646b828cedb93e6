package io.strand.grpc.client;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoFutureStub;
import io.strand.grpc.testing.Message;

/**
 * A channel with stubs for tests in which a server or the network fails. Each call has a
 * deadline, so that none that is lost hangs.
 */
final class FaultChannel implements AutoCloseable {

	static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private static final Duration DEADLINE = Duration.ofSeconds(60);

	private final GrpcChannels channels;

	FaultChannel(ChannelSettings.Builder settings) {
		this.channels = new GrpcChannels(Map.of("default", settings.build()), List::of, List::of, new TestOwnServer(),
				null);
	}

	EchoBlockingStub blocking() {
		return EchoGrpc.newBlockingStub(this.channels.channel("default")).withDeadlineAfter(DEADLINE);
	}

	EchoFutureStub future() {
		return EchoGrpc.newFutureStub(this.channels.channel("default")).withDeadlineAfter(DEADLINE);
	}

	@Override
	public void close() {
		this.channels.close();
	}

}
