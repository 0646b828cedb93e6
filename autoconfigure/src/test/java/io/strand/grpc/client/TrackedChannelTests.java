package io.strand.grpc.client;

import java.util.Iterator;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.StockGrpc;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link TrackedChannel}.
 */
@ExtendWith(LeakCheckExtension.class)
class TrackedChannelTests {

	private Server server;

	@BeforeEach
	void start() throws Exception {
		this.server = InProcessServerBuilder.forName("tracked").addService(new StockGrpc.StockImplBase() {

			@Override
			public void reserve(Message request, StreamObserver<Message> responses) {
				responses.onNext(request);
				responses.onCompleted();
			}

		}).addService(new EchoHandlers().serverStream((request, responses) -> {
			responses.onNext(request);
			if (request.getNumber() == 1) {
				responses.onCompleted();
			}
		})).build().start();
	}

	@AfterEach
	void stop() throws Exception {
		this.server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
	}

	@Test
	void doesNotTerminateBeforeTheLastCallbackHasReturned() throws Exception {
		ManagedChannel plain = InProcessChannelBuilder.forName("tracked").build();
		TrackedChannel channel = new TrackedChannel(plain);
		Callback callback = new Callback();
		StockGrpc.newStub(channel).reserve(Message.getDefaultInstance(), callback);
		assertThat(callback.entered.await(5, TimeUnit.SECONDS)).isTrue();
		channel.shutdown();
		assertThat(plain.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
		assertThat(channel.awaitTermination(0, TimeUnit.SECONDS)).isFalse();
		assertThat(channel.isTerminated()).isFalse();
		callback.leave.countDown();
		assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
		assertThat(channel.isTerminated()).isTrue();
	}

	@Test
	void doesNotWaitForCallbacksThatNobodyRuns() throws Exception {
		TrackedChannel channel = new TrackedChannel(InProcessChannelBuilder.forName("tracked").build());
		StockGrpc.newStub(channel).withExecutor((task) -> {
		}).reserve(Message.getDefaultInstance(), new Callback());
		channel.shutdown();
		assertThat(channel.awaitTermination(1, TimeUnit.HOURS)).isTrue();
	}

	@Test
	void terminatesWithoutAnyCall() throws Exception {
		TrackedChannel channel = new TrackedChannel(InProcessChannelBuilder.forName("tracked").build());
		channel.shutdown();
		channel.shutdownNow();
		assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void doesNotWaitForConnectionsWithoutCalls() throws Exception {
		TrackedChannel channel = new TrackedChannel(InProcessChannelBuilder.forName("tracked").build());
		StockGrpc.newBlockingStub(channel).reserve(Message.getDefaultInstance());
		channel.enterIdle();
		channel.shutdown();
		assertThat(channel.awaitTermination(4, TimeUnit.SECONDS))
			.as("terminated before gRPC gives the connection up by itself, after five seconds")
			.isTrue();
	}

	@Test
	void aStreamWhoseReaderHasGoneIsNotInFlight() throws Exception {
		TrackedChannel channel = new TrackedChannel(InProcessChannelBuilder.forName("tracked").build());
		CancellableContext reader = Context.current().withCancellation();
		reader.call(() -> EchoGrpc.newBlockingV2Stub(channel).serverStream(Message.getDefaultInstance()).read());
		assertThat(channel.callsInFlight()).isEqualTo(1);
		reader.cancel(null);
		await().until(() -> channel.callsInFlight() == 0);
		StockGrpc.newBlockingStub(channel).reserve(Message.getDefaultInstance());
		assertThat(channel.callsInFlight()).isZero();
		channel.shutdown();
		assertThat(channel.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
		assertThat(channel.callsInFlight()).isZero();
	}

	@Test
	void aStreamThatIsReadToItsEndIsInFlightUntilThen() {
		TrackedChannel channel = new TrackedChannel(InProcessChannelBuilder.forName("tracked").build());
		Iterator<Message> stream = EchoGrpc.newBlockingStub(channel)
			.serverStream(Message.newBuilder().setNumber(1).build());
		assertThat(stream.next()).isNotNull();
		assertThat(stream.hasNext()).isFalse();
		await().until(() -> channel.callsInFlight() == 0); // told after its reader
		channel.shutdown();
	}

	private static final class Callback implements StreamObserver<Message> {

		private final CountDownLatch entered = new CountDownLatch(1);

		private final CountDownLatch leave = new CountDownLatch(1);

		@Override
		public void onNext(Message message) {
		}

		@Override
		public void onError(Throwable error) {
		}

		@Override
		public void onCompleted() {
			this.entered.countDown();
			try {
				this.leave.await(5, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}

	}

}
