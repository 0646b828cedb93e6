package io.strand.grpc.stream;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.Threading;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.thread.CallThreads;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link GrpcCall}.
 */
@Timeout(60)
class GrpcCallTests extends BlockingStreamTestBase {

	private static final Metadata.Key<String> KEY = Metadata.Key.of("note", Metadata.ASCII_STRING_MARSHALLER);

	private static final Attributes.Key<String> ATTRIBUTE = Attributes.Key.create("test");

	private static final List<MethodDescriptor<Message, Message>> METHODS = List.of(UNARY, SERVER_STREAM, CLIENT_STREAM,
			BIDI);

	@Test
	void thereIsNoneOutsideOfACall() {
		assertThat(GrpcCall.currentOrNull()).isNull();
		assertThatIllegalStateException().isThrownBy(GrpcCall::current)
			.withMessageContaining("serves no gRPC call")
			.withMessageContaining(Thread.currentThread().getName());
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	void tellsWhatIsKnownOfTheCall(Kind kind) throws Exception {
		AtomicReference<GrpcCall> seen = new AtomicReference<>();
		this.echo.bidi = (stream) -> {
			GrpcCall call = GrpcCall.current();
			assertThat(stream.call()).isSameAs(call);
			assertThat(this.threads.submit(Context.current().wrap(GrpcCall::current)).get(10, TimeUnit.SECONDS))
				.isSameAs(call);
			assertThat(call.method().getFullMethodName()).isEqualTo(BIDI.getFullMethodName());
			assertThat(call.deadline()).isNotNull();
			assertThat(call.isCancelled()).isFalse();
			assertThat(call.isDraining()).isFalse();
			assertThat(call.peer()).isNotNull();
			assertThat(call.attributes().get(ATTRIBUTE)).isEqualTo("of an interceptor");
			assertThat(server().engine().liveCalls()).anyMatch((live) -> live.id() == call.id());
			seen.set(call);
		};
		start(kind, ConcurrentSend.SERIALIZE, new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
					ServerCallHandler<Q, R> next) {
				return next.startCall(new SimpleForwardingServerCall<>(call) {

					@Override
					public Attributes getAttributes() {
						return super.getAttributes().toBuilder().set(ATTRIBUTE, "of an interceptor").build();
					}

				}, headers);
			}

		});
		assertThat(call(BIDI).status()).isEqualTo(Status.OK);
		assertThat(seen).doesNotHaveNullValue();
		assertThat(seen.get()).hasToString("strand.testing.Echo/Bidi (call " + seen.get().id() + ")");
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	void headersAndTrailersGoAlongWithEveryEnd(Kind kind) {
		AtomicBoolean fails = new AtomicBoolean();
		Runnable note = () -> {
			GrpcCall.current().responseHeaders().put(KEY, "header");
			GrpcCall.current().responseTrailers().put(KEY, "trailer");
		};
		Runnable end = () -> {
			if (fails.get()) {
				throw new IllegalStateException("the test");
			}
		};
		this.echo.unary = (request) -> {
			note.run();
			end.run();
			return request;
		};
		this.echo.serverStream = (request, responses) -> {
			note.run();
			responses.send(request);
			end.run();
		};
		this.echo.clientStream = (requests) -> {
			note.run();
			end.run();
			return requests.receive();
		};
		this.echo.bidi = (stream) -> {
			note.run();
			stream.send(stream.receive());
			end.run();
		};
		start(kind, ConcurrentSend.SERIALIZE);
		for (MethodDescriptor<Message, Message> method : METHODS) {
			for (boolean failing : new boolean[] { false, true }) {
				fails.set(failing);
				CompletableFuture<Metadata> headers = new CompletableFuture<>();
				CompletableFuture<Metadata> trailers = new CompletableFuture<>();
				var call = server().channel().newCall(method, soon());
				call.start(new io.grpc.ClientCall.Listener<>() {

					@Override
					public void onHeaders(Metadata received) {
						headers.complete(received);
					}

					@Override
					public void onClose(Status status, Metadata received) {
						trailers.complete(received);
						assertThat(status.isOk()).isEqualTo(!failing);
					}

				}, new Metadata());
				call.request(2);
				call.sendMessage(number(1));
				call.halfClose();
				assertThat(trailers.orTimeout(10, TimeUnit.SECONDS).join().getAll(KEY)).as("%s", method.getType())
					.containsExactly("trailer");
				if (!failing) {
					assertThat(headers.join().getAll(KEY)).containsExactly("header");
				}
			}
		}
	}

	@Test
	void generatedCodeHasHeadersTrailersAndEndAsWell() {
		CountDownLatch ended = new CountDownLatch(1);
		start(Kind.STRAND_NETTY, settings(Threading.AUTO, ConcurrentSend.SERIALIZE),
				new EchoHandlers().unary((request, out) -> {
					GrpcCall.current().responseTrailers().put(KEY, "trailer");
					GrpcCall.current().onEnd(ended::countDown);
					EchoHandlers.echo(request, out);
				}));
		Outcome outcome = call(UNARY, number(1));
		assertThat(outcome.status()).isEqualTo(Status.OK);
		assertThat(outcome.trailers().get(KEY)).isEqualTo("trailer");
		within(ended);
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	void headersAndTrailersOfOneCallDoNotGetIntoWhatAHandlerSendsInAll(Kind kind) {
		Metadata trailers = new Metadata();
		Metadata headers = new Metadata();
		StatusRuntimeException shared = Status.NOT_FOUND.asRuntimeException(trailers);
		start(kind, settings(Threading.AUTO, ConcurrentSend.SERIALIZE), new EchoHandlers().bidi((out) -> {
			GrpcCall.current().responseHeaders().put(KEY, "header");
			GrpcCall.current().responseTrailers().put(KEY, "trailer");
			out.onError(shared);
			return out;
		}), new ServerInterceptor() {

			@Override
			public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata received,
					ServerCallHandler<Q, R> next) {
				return next.startCall(new SimpleForwardingServerCall<>(call) {

					@Override
					public void close(Status status, Metadata sent) {
						super.sendHeaders(headers);
						super.close(status, sent);
					}

				}, received);
			}

		});
		for (int i = 0; i < 3; i++) {
			Outcome outcome = call(BIDI);
			assertThat(outcome.status().getCode()).isEqualTo(Status.Code.NOT_FOUND);
			assertThat(outcome.trailers().getAll(KEY)).containsExactly("trailer");
		}
		assertThat(trailers.containsKey(KEY)).isFalse();
		assertThat(headers.containsKey(KEY)).isFalse();
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	void tasksAtTheEndRunInReverseOrderOnTheCallsThread(Kind kind) {
		// A call on a pool gives its thread back while it waits for a message
		boolean ownThread = kind == Kind.STRAND_NETTY && CallThreads.areVirtualAvailable();
		List<String> order = new CopyOnWriteArrayList<>();
		AtomicReference<GrpcCall> kept = new AtomicReference<>();
		AtomicInteger wrong = new AtomicInteger();
		this.echo.bidi = (stream) -> {
			GrpcCall call = stream.call();
			kept.set(call);
			Thread own = Thread.currentThread();
			call.onEnd(() -> order.add("first"));
			call.onEnd(() -> {
				throw new IllegalStateException("the test");
			});
			call.onEnd(() -> {
				order.add("last");
				if (GrpcCall.currentOrNull() != call || (ownThread && Thread.currentThread() != own)) {
					wrong.incrementAndGet();
				}
				Thread.currentThread().interrupt();
			});
			for (Message message : stream) {
				order.add("body");
			}
		};
		start(kind, ConcurrentSend.SERIALIZE);
		assertThat(call(BIDI, number(1)).status()).isEqualTo(Status.OK);
		await().untilAsserted(() -> assertThat(order).containsExactly("body", "last", "first"));
		order.clear();
		Outcome cancelled = open(BIDI);
		cancelled.call().sendMessage(number(1));
		await().untilAsserted(() -> assertThat(order).containsExactly("body"));
		cancelled.cancel();
		await().untilAsserted(() -> assertThat(order).containsExactly("body", "last", "first"));
		await().untilAsserted(() -> assertThat(server().engine().liveCalls()).isEmpty());
		kept.get().onEnd(() -> order.add("late"));
		assertThat(order).endsWith("late");
		assertThat(wrong).hasValue(0);
	}

	@ParameterizedTest
	@EnumSource(value = Kind.class, mode = EnumSource.Mode.EXCLUDE, names = "PLAIN_GRPC")
	void callsAreToldThatTheServerDrains(Kind kind) {
		CountDownLatch entered = new CountDownLatch(3);
		AtomicInteger told = new AtomicInteger();
		this.echo.bidi = (stream) -> {
			Thread own = Thread.currentThread();
			CountDownLatch draining = new CountDownLatch(1);
			stream.call().onDrain(() -> {
				told.incrementAndGet();
				throw new IllegalStateException("harms nobody else");
			});
			stream.call().onDrain(() -> {
				if (Thread.currentThread() != own) {
					draining.countDown();
				}
			});
			entered.countDown();
			within(draining);
			assertThat(stream.call().isDraining()).isTrue();
			stream.send(text("bye"));
		};
		start(kind, ConcurrentSend.SERIALIZE);
		List<Outcome> outcomes = List.of(open(BIDI), open(BIDI), open(BIDI));
		within(entered);
		server().engine().drain();
		server().engine().drain();
		Outcome late = open(BIDI);
		outcomes.forEach((outcome) -> assertThat(outcome.status()).isEqualTo(Status.OK));
		assertThat(late.status()).isEqualTo(Status.OK);
		assertThat(late.messages()).containsExactly(text("bye"));
		// What is registered after the beginning runs on a thread of its own
		await().untilAsserted(() -> assertThat(told).hasValue(4));
	}

	@Test
	void drainRacesWithRegistrations() {
		AtomicInteger told = new AtomicInteger();
		this.echo.unary = (request) -> {
			GrpcCall.current().onDrain(told::incrementAndGet);
			CountDownLatch latch = new CountDownLatch(1);
			GrpcCall.current().onDrain(latch::countDown);
			within(latch);
			return request;
		};
		start(Kind.STRAND_NETTY, HandlerSettings.DEFAULT, this.echo);
		List<Outcome> outcomes = new CopyOnWriteArrayList<>();
		for (int i = 0; i < 200; i++) {
			outcomes.add(call(UNARY, number(i)));
			if (i == 100) {
				server().engine().drain();
			}
		}
		outcomes.forEach((outcome) -> assertThat(outcome.status()).isEqualTo(Status.OK));
		await().untilAsserted(() -> assertThat(told).hasValue(200));
	}

}
