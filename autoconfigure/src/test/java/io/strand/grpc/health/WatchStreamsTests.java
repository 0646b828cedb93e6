package io.strand.grpc.health;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import com.google.protobuf.ByteString;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.testing.AlwaysReady;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.SlowClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link WatchStreams} on a real server.
 */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class WatchStreamsTests {

	private static final int COUNT = 100;

	private static final ByteString LARGE = ByteString.copyFrom(new byte[64 * 1024]);

	@Test
	void whoTellsAWatcherDoesNotWaitWhereTheTransportIsNotReadyAfterAll() throws Exception {
		CompletableFuture<StreamObserver<Message>> watcher = new CompletableFuture<>();
		EchoHandlers handlers = new EchoHandlers().serverStream((request, responses) -> watcher.complete(responses));
		try (EngineServer server = new EngineServer(Kind.STRAND_NETTY, HandlerSettings.DEFAULT,
				List.of(new AlwaysReady()),
				() -> ServerInterceptors.intercept(handlers.bindService(), WatchStreams.oneAtATime()))) {
			SlowClient client = new SlowClient();
			EchoGrpc.newStub(server.channel()).serverStream(Message.getDefaultInstance(), client);
			StreamObserver<Message> responses = watcher.get(10, TimeUnit.SECONDS);
			for (int i = 1; i <= COUNT; i++) {
				responses.onNext(Message.newBuilder().setNumber(i).setPayload(LARGE).build());
			}
			responses.onCompleted();
			client.readAll();
			assertThat(client.end()).isEqualTo(Status.OK);
			assertThat(client.messages()).hasSizeLessThan(COUNT)
				.last()
				.satisfies((message) -> assertThat(message.getNumber()).isEqualTo(COUNT));
		}
	}

}
