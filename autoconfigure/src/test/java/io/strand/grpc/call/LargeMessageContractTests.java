package io.strand.grpc.call;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The guarantee on large messages, H10: they hold up neither an event loop nor the
 * threads that carry virtual ones, and to their calls it is as if these had decoded them.
 */
@Timeout(60)
@DisplayName("Large messages")
class LargeMessageContractTests extends HandlerTestBase {

	private static final ByteString LARGE = random(3_000_000);

	@ParameterizedTest(name = "{0}, {1}")
	@DisplayName("H10: are decoded off the event loop and off the carriers, compressed ones too")
	@CsvSource({ "STRAND_NETTY, identity", "STRAND_NETTY, gzip", "STRAND_NETTY_PLATFORM, identity",
			"STRAND_NETTY_PLATFORM, gzip" })
	void areDecodedElsewhere(Kind kind, String compression) {
		ParseRecorder recorder = new ParseRecorder();
		EngineServer server = serve(kind, HandlerSettings.DEFAULT,
				recorder.service((request, responses) -> EchoHandlers.echo(text("got it"), responses)));
		CallOptions options = soon().withCompression(compression);
		assertThat(Outcome.of(server.channel(), UNARY, options, large("large")).status().isOk()).isTrue();
		assertThat(Outcome.of(server.channel(), UNARY, options, text("small")).status().isOk()).isTrue();
		assertThat(recorder.threads).hasSize(2);
		assertThat(recorder.threads.get(0)).startsWith(isOwnThread(kind) ? "grpc-decode-" : "grpc-call-");
		assertThat(recorder.threads.get(1)).startsWith("grpc-call-");
	}

	@ParameterizedTest
	@DisplayName("H10: that take for ever to decode do not delay small calls")
	@EnumSource(value = Kind.class, names = { "STRAND_NETTY", "STRAND_NETTY_PLATFORM" })
	void delayNoSmallCalls(Kind kind) {
		AtomicBoolean released = new AtomicBoolean();
		CountDownLatch decoding = new CountDownLatch(1);
		EngineServer server = serveDecoding(kind, (message) -> {
			if (message.getText().equals("large")) {
				decoding.countDown();
				// No wait: that would let go of a thread that carries others
				while (!released.get()) {
					Thread.onSpinWait();
				}
			}
		});
		List<Outcome> large = new ArrayList<>();
		try {
			for (int i = 0; i < Runtime.getRuntime().availableProcessors() + 1; i++) {
				large.add(Outcome.of(server.channel(), UNARY, in(60_000), large("large")));
			}
			within(decoding);
			for (int i = 0; i < 50; i++) {
				assertThat(call(server, "small").status().isOk()).isTrue();
			}
			assertThat(large).noneMatch(Outcome::isEnded);
		}
		finally {
			released.set(true);
		}
		assertThat(large).allSatisfy((outcome) -> assertThat(outcome.status().isOk()).isTrue());
	}

	@ParameterizedTest
	@DisplayName("S5: and small ones between them are received in the order in which they were sent")
	@EnumSource(value = Kind.class, names = "PLAIN_GRPC", mode = Mode.EXCLUDE)
	void keepTheirOrder(Kind kind) {
		EngineServer server = serve(kind, HandlerSettings.DEFAULT, new EchoHandlers());
		Message[] messages = new Message[90];
		for (int i = 0; i < messages.length; i++) {
			ByteString payload = (i % 3 == 0) ? LARGE.substring(0, DeferredMessage.LARGE + i) : ByteString.EMPTY;
			messages[i] = Message.newBuilder().setNumber(i).setPayload(payload).build();
		}
		for (String compression : List.of("identity", "gzip")) {
			Outcome outcome = Outcome.of(server.channel(), BIDI, soon().withCompression(compression), messages);
			assertThat(outcome.status().isOk()).as("status %s", outcome.status()).isTrue();
			assertThat(outcome.messages()).containsExactly(messages);
		}
	}

	@ParameterizedTest
	@DisplayName("H5: of a call that was cancelled before their turn are not decoded")
	@ValueSource(booleans = { true, false })
	void areNotDecodedForACancelledCall(boolean interruptOnCancel) {
		CountDownLatch release = new CountDownLatch(1);
		ParseRecorder recorder = new ParseRecorder((message) -> stubbornly(release));
		Queue<HandlerCall<?, ?>> started = new ConcurrentLinkedQueue<>();
		EngineServer server = serve(Kind.STRAND_NETTY, with(Threading.AUTO, interruptOnCancel),
				List.of(new ServerInterceptor() {

					@Override
					public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
							ServerCallHandler<Q, R> next) {
						started.add(ServedCall.KEY.get());
						return next.startCall(call, headers);
					}

				}), recorder.service(EchoHandlers::echo));
		// As many as can be decoded at a time are, and the next waits
		List<Outcome> first = new ArrayList<>();
		int decoders = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
		for (int i = 0; i < decoders; i++) {
			first.add(Outcome.of(server.channel(), UNARY, in(60_000), large("first")));
		}
		await().until(() -> recorder.threads.size() == decoders);
		assertThat(started).hasSize(decoders);
		started.clear();
		Outcome next = Outcome.of(server.channel(), UNARY, in(60_000), large("next"));
		await().until(() -> started.size() == 1);
		HandlerCall<?, ?> waiting = started.remove();
		if (VIRTUAL) {
			// It is to be decoded, and waits for that
			await().until(() -> stackOf(waiting).contains("DecodingThreads"));
		}
		next.cancel();
		await().until(waiting::isCancelled);
		if (VIRTUAL && interruptOnCancel) {
			// It does not wait for those before it
			await().until(() -> waiting.phase() == CallPhase.ENDED);
		}
		release.countDown();
		assertThat(first).allSatisfy((outcome) -> assertThat(outcome.status().isOk()).isTrue());
		await().until(() -> server.engine().liveCalls().isEmpty());
		if (VIRTUAL) {
			assertThat(recorder.threads).hasSize(decoders);
		}
	}

	private static String stackOf(HandlerCall<?, ?> call) {
		Thread thread = call.thread().working();
		return (thread != null) ? Arrays.toString(thread.getStackTrace()) : "";
	}

	@Test
	@DisplayName("H4: are decoded also when there is no thread for it any more")
	void areDecodedWithoutAThread() {
		DecodingThreads closed = new DecodingThreads();
		closed.close();
		AtomicReference<Object> decoded = new AtomicReference<>();
		EngineServer server = serve(Kind.STRAND_NETTY, HandlerSettings.DEFAULT,
				new EchoHandlers().unary((request, responses) -> {
					InputStream bytes = UNARY.getRequestMarshaller().stream(large("late"));
					decoded.set(closed.decode(DeferredMessage.plain(bytes, LARGE.size(), UNARY.getRequestMarshaller()),
							ServedCall.KEY.get()));
					EchoHandlers.echo(request, responses);
				}));
		assertAnswers(server, "call");
		assertThat(decoded).hasValue(large("late"));
	}

	@ParameterizedTest
	@DisplayName("H4: that cannot be decoded end their own call and nothing else")
	@EnumSource(value = Kind.class, names = { "STRAND_NETTY", "STRAND_NETTY_PLATFORM" })
	void thatCannotBeDecodedEndTheirCall(Kind kind) {
		AtomicReference<Throwable> failure = new AtomicReference<>();
		EngineServer server = serveDecoding(kind, (message) -> {
			if (failure.get() != null) {
				sneaky(failure.get());
			}
		});
		Status status = Status.INTERNAL.withDescription("not a message");
		for (Throwable thrown : List.of(status.asRuntimeException(), status.asException())) {
			failure.set(thrown);
			Status told = Outcome.of(server.channel(), UNARY, soon(), large("broken")).status();
			assertThat(told.getCode()).isEqualTo(Code.INTERNAL);
			assertThat(told.getDescription()).isEqualTo("not a message");
		}
		for (Throwable thrown : List.of(new IllegalStateException("secret"), new StackOverflowError(),
				new OutOfMemoryError("made by the test"))) {
			failure.set(thrown);
			assertThat(Outcome.of(server.channel(), UNARY, soon(), large("broken")).status().getCode())
				.isEqualTo(Code.UNKNOWN);
		}
		failure.set(null);
		assertThat(Outcome.of(server.channel(), UNARY, soon(), large("whole")).status().isOk()).isTrue();
	}

	/** As a marshaller in Kotlin may throw. */
	@SuppressWarnings("unchecked")
	private static <T extends Throwable> void sneaky(Throwable thrown) throws T {
		throw (T) thrown;
	}

	@ParameterizedTest
	@DisplayName("H1: are decoded in the context of their call")
	@EnumSource(value = Kind.class, names = { "STRAND_NETTY", "STRAND_NETTY_PLATFORM" })
	void areDecodedInTheirContext(Kind kind) {
		AtomicReference<String> method = new AtomicReference<>();
		EngineServer server = serveDecoding(kind,
				(message) -> method.set(ServedCall.KEY.get().plan().fullMethodName()));
		assertThat(Outcome.of(server.channel(), UNARY, soon(), large("large")).status().isOk()).isTrue();
		assertThat(method).hasValue(UNARY.getFullMethodName());
	}

	private EngineServer serveDecoding(Kind kind, Consumer<Message> decoded) {
		return serve(kind, HandlerSettings.DEFAULT, new ParseRecorder(decoded)
			.service((request, responses) -> EchoHandlers.echo(text("got it"), responses)));
	}

	/** What compresses to no less. */
	private static ByteString random(int length) {
		byte[] bytes = new byte[length];
		new Random(42).nextBytes(bytes);
		return ByteString.copyFrom(bytes);
	}

	private static Message large(String text) {
		return Message.newBuilder().setText(text).setPayload(LARGE).build();
	}

}
