package io.strand.grpc.stream;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

import io.grpc.BindableService;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.call.Threading;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Blocking bodies behind interceptors that do what gRPC lets them do.
 */
@Timeout(60)
class BlockingInterceptorTests extends BlockingStreamTestBase {

	private static final Metadata.Key<String> FAIL = Metadata.Key.of("fail", Metadata.ASCII_STRING_MARSHALLER);

	private static final String STYLES = """
			STRAND_NETTY, HANDLER
			STRAND_NETTY, IMPL_BASE
			STRAND_NETTY_PLATFORM, HANDLER
			STRAND_NETTY_PLATFORM, IMPL_BASE
			STRAND_IN_PROCESS, HANDLER
			STRAND_IN_PROCESS, IMPL_BASE""";

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void startOnAnotherThreadLater(Kind kind, Style style) {
		ExecutorService own = Executors.newSingleThreadExecutor();
		try {
			start(kind, style, ConcurrentSend.SERIALIZE, new ServerInterceptor() {

				@Override
				public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
						ServerCallHandler<Q, R> next) {
					LateListener<Q> late = new LateListener<>();
					own.execute(Context.current().wrap(() -> late.started(next.startCall(call, headers))));
					return late;
				}

			});
			assertEchoes(100);
		}
		finally {
			own.shutdown();
		}
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void keepsOnReady(Kind kind, Style style) {
		start(kind, style, ConcurrentSend.SERIALIZE,
				listener((listener) -> new SimpleForwardingServerCallListener<>(listener) {

					@Override
					public void onReady() {
						// Not for the others
					}

				}));
		assertEchoes(50);
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void replacesMessages(Kind kind, Style style) {
		start(kind, style, ConcurrentSend.SERIALIZE, BlockingHandlerContractTests.onMessage((message, delegate) -> {
			delegate.run();
			if (message.getNumber() % 2 == 0) {
				delegate.run(); // twice
			}
		}));
		Outcome outcome = call(BIDI, numbers(4));
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(outcome.messages()).containsExactly(number(0), number(0), number(1), number(2), number(2),
				number(3));
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void dropsMessagesAndAsksForMore(Kind kind, Style style) {
		start(kind, style, ConcurrentSend.SERIALIZE, new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

					@Override
					public void onMessage(Q message) {
						if (((Message) message).getNumber() % 2 == 0) {
							call.request(1);
						}
						else {
							super.onMessage(message);
						}
					}

				};
			}

		});
		Outcome outcome = call(BIDI, numbers(100));
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(outcome.messages()).hasSize(50).first().isEqualTo(number(1));
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void attachesItsOwnContext(Kind kind, Style style) {
		Context.Key<String> user = Context.key("user");
		List<String> users = new CopyOnWriteArrayList<>();
		List<Long> ids = new CopyOnWriteArrayList<>();
		start(kind, style, ConcurrentSend.SERIALIZE, new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				return Contexts.interceptCall(Context.current().withValue(user, "alice"), call, headers, next);
			}

		});
		this.echo.bidi = (stream) -> {
			stream.receiveEach((message) -> {
				users.add(user.get());
				ids.add(GrpcCall.current().id());
				stream.send(message);
			}).join();
			users.add(user.get());
			ids.add(GrpcCall.current().id());
			assertThat(stream.receive()).isNull();
			users.add(user.get());
		};
		assertEchoes(1);
		assertThat(users).containsOnly("alice").hasSize(5);
		assertThat(ids).containsOnly(ids.get(0));
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void callbacksHaveTheContextOfTheCallWhicheverThreadReceives(Kind kind, Style style) {
		List<Long> ids = new CopyOnWriteArrayList<>();
		start(kind, style, ConcurrentSend.SERIALIZE, BlockingHandlerContractTests.onMessage((message, delegate) -> {
			GrpcCall call = GrpcCall.currentOrNull();
			ids.add((call != null) ? call.id() : 0);
			delegate.run();
		}));
		this.echo.bidi = (stream) -> {
			this.threads.submit(() -> {
				stream.receive();
				assertThat(GrpcCall.currentOrNull()).isNull();
				return stream.receive();
			}).get(10, TimeUnit.SECONDS);
			ids.add(stream.call().id());
		};
		assertThat(call(BIDI, numbers(2)).status()).isEqualTo(Status.OK);
		assertThat(ids).hasSize(3).containsOnly(ids.get(2));
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void deliversOnAnotherThread(Kind kind, Style style) {
		ExecutorService own = Executors.newSingleThreadExecutor();
		try {
			start(kind, style, ConcurrentSend.SERIALIZE, listener((listener) -> new Hopping(listener, own)));
			assertEchoes(100);
		}
		finally {
			own.shutdown();
		}
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void bodyThatWasStartedOnAnotherThreadFailsInsideOfItsInnermostInterceptors(Kind kind, Style style) {
		ExecutorService own = Executors.newSingleThreadExecutor();
		try {
			this.echo.bidi = (stream) -> {
				stream.receive();
				throw new IllegalStateException("the body");
			};
			start(kind, settings(Threading.AUTO, ConcurrentSend.SERIALIZE), advised(style),
					listener((listener) -> new Hopping(listener, own)));
			Outcome outcome = call(BIDI, number(1));
			assertThat(outcome.status().getCode()).isEqualTo(Status.Code.ABORTED);
			assertThat(outcome.status().getDescription()).isEqualTo("the body, not interrupted");
			awaitNoCalls();
		}
		finally {
			own.shutdown();
		}
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void bodyThatWasInterruptedForItsReceivingThreadIsNoLongerWhenItsFailureIsDealtWith(Kind kind, Style style) {
		this.echo.bidi = (stream) -> {
			stream.receiveEach((message) -> {
				throw new IllegalStateException("the consumer");
			});
			while (!Thread.currentThread().isInterrupted()) {
				LockSupport.park();
			}
			if (stream.call().headers().containsKey(FAIL)) {
				throw new IllegalStateException("the body");
			}
		};
		start(kind, settings(Threading.AUTO, ConcurrentSend.SERIALIZE), advised(style));
		for (boolean fails : new boolean[] { false, true }) {
			Metadata headers = new Metadata();
			if (fails) {
				headers.put(FAIL, "");
			}
			Outcome outcome = Outcome.of(ClientInterceptors.intercept(server().channel(),
					MetadataUtils.newAttachHeadersInterceptor(headers)), BIDI, soon(), number(1));
			assertThat(outcome.status().getDescription()).isEqualTo("the consumer, not interrupted");
		}
	}

	/** The service behind an interceptor that is innermost, as advice is. */
	private BindableService advised(Style style) {
		return () -> ServerInterceptors.intercept(style.of(this.echo).bindService(), new Advice());
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void receiverEndsWithItsBodyAlsoIfItsFailureIsKeptFromTheCall(Kind kind, Style style) throws Exception {
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		this.echo.bidi = (stream) -> {
			this.threads.execute(() -> thrown.complete(BlockingStreamContractTests.thrownBy(stream::receive)));
			awaitState(LiveCall.State.WAITING_FOR_MESSAGE);
			throw new IllegalStateException("the body");
		};
		start(kind, style, ConcurrentSend.SERIALIZE, onReady((delegate) -> {
			try {
				delegate.run();
			}
			catch (IllegalStateException ex) {
				// The call goes on
			}
		}));
		Outcome outcome = open(BIDI);
		assertThat(Status.fromThrowable(thrown.get(10, TimeUnit.SECONDS)).getCode()).isEqualTo(Status.Code.CANCELLED);
		outcome.cancel();
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void callsThreadDoesNotGoOnWhileAnotherOneIsInACallback(Kind kind, Style style) throws Exception {
		CountDownLatch inside = new CountDownLatch(1);
		CountDownLatch open = new CountDownLatch(1);
		CompletableFuture<Long> left = new CompletableFuture<>();
		AtomicBoolean bodyIsOver = new AtomicBoolean();
		this.echo.bidi = (stream) -> {
			Thread own = Thread.currentThread();
			this.threads.execute(() -> BlockingStreamContractTests.thrownBy(stream::receive));
			within(inside);
			this.threads.execute(() -> {
				await().until(() -> left.isDone() || (bodyIsOver.get() && own.getState() == Thread.State.WAITING));
				open.countDown();
			});
			bodyIsOver.set(true);
		};
		ServerInterceptor callbacks = onReady((delegate) -> {
			delegate.run();
			left.complete(open.getCount());
		});
		start(kind, style, ConcurrentSend.SERIALIZE, BlockingHandlerContractTests.onMessage((message, delegate) -> {
			inside.countDown();
			within(open);
			delegate.run();
		}), callbacks);
		Outcome outcome = open(BIDI);
		outcome.call().sendMessage(number(1));
		assertThat(left.get(10, TimeUnit.SECONDS)).isZero();
		assertThat(outcome.status()).isEqualTo(Status.OK);
	}

	private static ServerInterceptor onReady(Consumer<Runnable> callback) {
		return listener((listener) -> new SimpleForwardingServerCallListener<>(listener) {

			private boolean first = true;

			@Override
			public void onReady() {
				boolean body = this.first;
				this.first = false;
				if (body) {
					callback.accept(super::onReady);
				}
				else {
					super.onReady();
				}
			}

		});
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void lastMessageIsNotLostWhenItComesWithTheEndOnAnotherThread(Kind kind, Style style) {
		ExecutorService own = Executors.newSingleThreadExecutor();
		try {
			this.echo.clientStream = (requests) -> {
				int count = 0;
				while (true) {
					try {
						Message message = requests.receive(Duration.ZERO);
						if (message == null) {
							return number(count);
						}
						count++;
					}
					catch (TimeoutException ex) {
						// Looks all the time
					}
				}
			};
			start(kind, style, ConcurrentSend.SERIALIZE, listener((listener) -> new LastTogether(listener, own)));
			for (int round = 0; round < 500; round++) {
				assertThat(call(CLIENT_STREAM, number(1)).status()).isEqualTo(Status.OK);
				Outcome outcome = call(CLIENT_STREAM, number(1));
				assertThat(outcome.status()).isEqualTo(Status.OK);
				assertThat(outcome.messages()).containsExactly(number(1));
			}
			awaitNoCalls();
		}
		finally {
			own.shutdown();
		}
	}

	@ParameterizedTest
	@CsvSource(textBlock = STYLES)
	void streamDoesNotGoOnAfterACallbackThrewWhatItDoesNotDeclare(Kind kind, Style style) {
		this.echo.bidi = (stream) -> {
			Throwable first = BlockingStreamContractTests.thrownBy(stream::receive);
			assertThat(first).isInstanceOf(IOException.class);
			Throwable second = BlockingStreamContractTests.thrownBy(stream::receive);
			assertThat(second).isInstanceOf(StatusRuntimeException.class).hasRootCause(first);
			throw Status.ABORTED.asException();
		};
		start(kind, style, ConcurrentSend.SERIALIZE, BlockingHandlerContractTests.onMessage((message, delegate) -> {
			throw Sneaky.rethrow(new IOException("the interceptor"));
		}));
		assertThat(call(BIDI, numbers(3)).status().getCode()).isEqualTo(Status.Code.ABORTED);
	}

	private void assertEchoes(int rounds) {
		for (int round = 0; round < rounds; round++) {
			Outcome outcome = call(BIDI, numbers(3));
			assertThat(outcome.status()).isEqualTo(Status.OK);
			assertThat(outcome.messages()).containsExactly(numbers(3));
		}
	}

	private static ServerInterceptor listener(UnaryOperator<ServerCall.Listener<Object>> wrapping) {
		return new ServerInterceptor() {

			@Override
			@SuppressWarnings("unchecked")
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				return (ServerCall.Listener<Q>) wrapping
					.apply((ServerCall.Listener<Object>) next.startCall(call, headers));
			}

		};
	}

	/** Keeps events until the call was started, on whichever thread. */
	private static final class LateListener<Q> extends ServerCall.Listener<Q> {

		private final List<Consumer<ServerCall.Listener<Q>>> events = new ArrayList<>();

		private ServerCall.@Nullable Listener<Q> delegate;

		void started(ServerCall.Listener<Q> listener) {
			synchronized (this) {
				this.delegate = listener;
			}
			// What comes meanwhile on the call's thread finds the body handed over to it
			List.copyOf(this.events).forEach((event) -> event.accept(listener));
		}

		private void event(Consumer<ServerCall.Listener<Q>> event) {
			ServerCall.Listener<Q> started;
			synchronized (this) {
				started = this.delegate;
				if (started == null) {
					this.events.add(event);
				}
			}
			if (started != null) {
				event.accept(started);
			}
		}

		@Override
		public void onMessage(Q message) {
			event((listener) -> listener.onMessage(message));
		}

		@Override
		public void onHalfClose() {
			event(ServerCall.Listener::onHalfClose);
		}

		@Override
		public void onReady() {
			event(ServerCall.Listener::onReady);
		}

		@Override
		public void onCancel() {
			event(ServerCall.Listener::onCancel);
		}

		@Override
		public void onComplete() {
			event(ServerCall.Listener::onComplete);
		}

	}

	/** Ends calls whose callbacks throw. */
	private static final class Advice implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

				@Override
				public void onReady() {
					advise(super::onReady);
				}

				@Override
				public void onMessage(Q message) {
					advise(() -> super.onMessage(message));
				}

				@Override
				public void onHalfClose() {
					advise(super::onHalfClose);
				}

				private void advise(Runnable callback) {
					try {
						callback.run();
					}
					catch (IllegalStateException ex) {
						String interrupted = Thread.currentThread().isInterrupted() ? "interrupted" : "not interrupted";
						call.close(Status.ABORTED.withDescription(ex.getMessage() + ", " + interrupted),
								new Metadata());
					}
				}

			};
		}

	}

	/** Delivers messages with the end that follows them. */
	private static final class LastTogether extends SimpleForwardingServerCallListener<Object> {

		private final List<Object> messages = new ArrayList<>();

		private final Executor executor;

		LastTogether(ServerCall.Listener<Object> delegate, Executor executor) {
			super(delegate);
			this.executor = executor;
		}

		@Override
		public void onMessage(Object message) {
			this.messages.add(message);
		}

		@Override
		public void onHalfClose() {
			this.executor.execute(() -> {
				this.messages.forEach(super::onMessage);
				super.onHalfClose();
			});
		}

	}

	/** Delivers on a thread of its own. */
	private static final class Hopping extends ServerCall.Listener<Object> {

		private final ServerCall.Listener<Object> delegate;

		private final Executor executor;

		Hopping(ServerCall.Listener<Object> delegate, Executor executor) {
			this.delegate = delegate;
			this.executor = executor;
		}

		@Override
		public void onMessage(Object message) {
			this.executor.execute(() -> this.delegate.onMessage(message));
		}

		@Override
		public void onHalfClose() {
			this.executor.execute(this.delegate::onHalfClose);
		}

		@Override
		public void onReady() {
			this.executor.execute(this.delegate::onReady);
		}

		@Override
		public void onCancel() {
			this.executor.execute(this.delegate::onCancel);
		}

		@Override
		public void onComplete() {
			this.executor.execute(this.delegate::onComplete);
		}

	}

}
