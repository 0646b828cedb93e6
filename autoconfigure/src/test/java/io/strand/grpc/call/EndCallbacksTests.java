package io.strand.grpc.call;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.stub.ServerCallStreamObserver;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.SilentServerCall;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import static org.assertj.core.api.Assertions.assertThat;

class EndCallbacksTests extends HandlerTestBase {

	@Test
	void generatedMethodsHaveNone() {
		assertThat(EndCallbacks.arePresent(afterCall((observer) -> {
		}))).isFalse();
	}

	@Test
	void handlersThatTheApplicationHasSetAreSeen() {
		for (Consumer<ServerCallStreamObserver<Message>> handler : List
			.<Consumer<ServerCallStreamObserver<Message>>>of((observer) -> observer.setOnCloseHandler(() -> {
			}), (observer) -> observer.setOnCancelHandler(() -> {
			}))) {
			assertThat(EndCallbacks.arePresent(afterCall(handler))).isTrue();
		}
	}

	@Test
	void listenersThatNobodyKnowsCountAsHavingSome() {
		assertThat(EndCallbacks.arePresent(new ServerCall.Listener<>() {
		})).isTrue();
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void theEndIsToldToWhoeverAskedForIt(Kind kind) throws Exception {
		CompletableFuture<Thread> handled = new CompletableFuture<>();
		CompletableFuture<Thread> told = new CompletableFuture<>();
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, new EchoHandlers().unary((request, responses) -> {
			((ServerCallStreamObserver<Message>) responses)
				.setOnCloseHandler(() -> told.complete(Thread.currentThread()));
			handled.complete(Thread.currentThread());
			EchoHandlers.echo(request, responses);
		}));
		assertThat(call(server, "hello").status().isOk()).isTrue();
		Thread thread = told.get(5, TimeUnit.SECONDS);
		if (isOwnThread(kind)) {
			assertThat(thread).isSameAs(handled.get());
		}
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void callsThatNobodyListensToAreOverWhenTheyAreAnswered(Kind kind) throws Exception {
		CompletableFuture<Thread> handled = new CompletableFuture<>();
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, new EchoHandlers().unary((request, responses) -> {
			handled.complete(Thread.currentThread());
			EchoHandlers.echo(request, responses);
		}));
		Outcome outcome = call(server, "hello");
		assertThat(outcome.status().isOk()).isTrue();
		if (isOwnThread(kind)) {
			handled.get().join(5000);
			assertThat(handled.get().isAlive()).isFalse();
		}
	}

	@SuppressWarnings("unchecked")
	private static ServerCall.Listener<Message> afterCall(Consumer<ServerCallStreamObserver<Message>> handler) {
		ServerCallHandler<Message, Message> unary = (ServerCallHandler<Message, Message>) new EchoHandlers()
			.unary((request, responses) -> handler.accept((ServerCallStreamObserver<Message>) responses))
			.bindService()
			.getMethod(EchoGrpc.getUnaryMethod().getFullMethodName())
			.getServerCallHandler();
		ServerCall.Listener<Message> listener = unary.startCall(new SilentCall(), new Metadata());
		listener.onMessage(text("request"));
		listener.onHalfClose();
		return listener;
	}

	private static final class SilentCall extends SilentServerCall<Message, Message> {

		@Override
		public MethodDescriptor<Message, Message> getMethodDescriptor() {
			return UNARY;
		}

	}

}
