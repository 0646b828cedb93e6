package io.strand.grpc.call;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

import io.grpc.CallOptions;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoHandlers.RequestObserver;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Outcome;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A call that the server itself ends.
 */
class CallAbortTests extends HandlerTestBase {

	@ParameterizedTest
	@EnumSource(mode = Mode.EXCLUDE, names = "PLAIN_GRPC")
	void handlerIsToldOfItHoweverSoonTheTransportIsDone(Kind kind) {
		CompletableFuture<String> told = new CompletableFuture<>();
		CountDownLatch ended = new CountDownLatch(1);
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, List.of(new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				SimpleForwardingServerCall<Q, R> slow = new SimpleForwardingServerCall<>(call) {

					@Override
					public void close(Status status, Metadata trailers) {
						super.close(status, trailers);
						within(ended); // who aborts gets no further before
					}

				};
				return new SimpleForwardingServerCallListener<>(next.startCall(slow, headers)) {

					@Override
					public void onCancel() {
						told.complete(
								GrpcCall.current().isCancelled() ? "cancelled" : "called back, but not cancelled");
						ended.countDown();
					}

					@Override
					public void onComplete() {
						told.complete("completed");
						ended.countDown();
					}

				};
			}

		}), new EchoHandlers().bidi((responses) -> new RequestObserver((message) -> {
		}, () -> {
		})));
		Outcome outcome = Outcome.open(server.channel(), BIDI, CallOptions.DEFAULT);
		outcome.call().sendMessage(text("hello"));
		await().until(() -> server.engine()
			.liveCalls()
			.stream()
			.anyMatch((call) -> call.received() == 1 && call.state() == LiveCall.State.WAITING_FOR_MESSAGE));
		server.engine().abort(Status.UNAVAILABLE);
		assertThat(outcome.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		assertThat(told).isCompletedWithValue("cancelled");
	}

	@ParameterizedTest
	@EnumSource(mode = Mode.EXCLUDE, names = "PLAIN_GRPC")
	@DisplayName("S8: the failure of the handler that an abort causes does not overtake it")
	void failureThatItCausesDoesNotOvertakeIt(Kind kind) throws Exception {
		for (int round = 0; round < 10; round++) {
			failureThatItCausesDoesNotOvertakeItOnce(kind);
		}
	}

	private void failureThatItCausesDoesNotOvertakeItOnce(Kind kind) throws Exception {
		CountDownLatch sending = new CountDownLatch(1);
		CountDownLatch aborted = new CountDownLatch(1);
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, List.of(new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				return next.startCall(new SimpleForwardingServerCall<>(call) {

					@Override
					public void sendMessage(R message) {
						sending.countDown();
						within(aborted);
						throw new IllegalStateException("The message cannot be sent");
					}

				}, headers);
			}

		}), new EchoHandlers());
		Outcome outcome = call(server, "hello");
		within(sending);
		Thread aborting = new Thread(() -> server.engine().abort(Status.UNAVAILABLE), "test-abort");
		aborting.start();
		// It has made its end that of the call, and waits for the sender to let go
		await().until(() -> aborting.getState() == Thread.State.WAITING);
		aborted.countDown();
		assertThat(outcome.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		aborting.join(10_000);
	}

}
