package io.strand.grpc.call;

import java.util.concurrent.CancellationException;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoHandlers.RequestObserver;
import io.strand.grpc.testing.Message;
import org.jspecify.annotations.Nullable;

/**
 * What a handler can do wrong, what its client is told, and how often it is logged.
 */
enum Misbehaviour {

	THROWS_RUNTIME_EXCEPTION(Code.UNKNOWN, 1, unary((request, responses) -> {
		throw new IllegalArgumentException("secret");
	})),

	THROWS_CHECKED_EXCEPTION(Code.UNKNOWN, 1, unary((request, responses) -> sneak(new java.io.IOException("secret")))),

	THROWS_ERROR(Code.UNKNOWN, 1, unary((request, responses) -> {
		throw new AssertionError("secret");
	})),

	RECURSES_FOR_EVER(Code.UNKNOWN, 1, unary((request, responses) -> recurse(0))),

	RUNS_OUT_OF_MEMORY(Code.UNKNOWN, 1, unary((request, responses) -> {
		long[][] all = new long[1000][];
		for (int i = 0; i < all.length; i++) {
			all[i] = new long[Integer.MAX_VALUE];
		}
		responses.onNext(Message.newBuilder().setNumber(all.length).build());
	})),

	THROWS_CANCELLATION(Code.UNKNOWN, 1, unary((request, responses) -> {
		throw new CancellationException("secret");
	})),

	THROWS_STATUS_RUNTIME_EXCEPTION(Code.NOT_FOUND, 0, unary((request, responses) -> {
		throw Status.NOT_FOUND.withDescription("told").asRuntimeException(trailers());
	})),

	THROWS_STATUS_EXCEPTION(Code.ABORTED, 0,
			unary((request, responses) -> sneak(Status.ABORTED.withDescription("told").asException(trailers())))),

	THROWS_STATUS_OK(Code.UNKNOWN, 1, unary((request, responses) -> {
		throw Status.OK.asRuntimeException();
	})),

	COMPLETES_TWICE(Code.OK, 1, unary((request, responses) -> {
		EchoHandlers.echo(request, responses);
		responses.onCompleted();
	})),

	FAILS_AFTER_COMPLETION(Code.OK, 1, unary((request, responses) -> {
		EchoHandlers.echo(request, responses);
		responses.onError(new IllegalStateException("secret"));
	})),

	SENDS_AFTER_COMPLETION(Code.OK, 1, unary((request, responses) -> {
		EchoHandlers.echo(request, responses);
		responses.onNext(request);
	})),

	THROWS_AFTER_COMPLETION(Code.OK, 1, unary((request, responses) -> {
		EchoHandlers.echo(request, responses);
		throw new IllegalStateException("secret");
	})),

	THROWS_AFTER_MESSAGE(Code.UNKNOWN, 1, unary((request, responses) -> {
		responses.onNext(request);
		throw new IllegalStateException("secret");
	})),

	ANSWERS_NULL(Code.UNKNOWN, 1, unary((request, responses) -> {
		responses.onNext(null);
		responses.onCompleted();
	})),

	FAILS_WITH_NULL(Code.UNKNOWN, 1, unary((request, responses) -> responses.onError(null))),

	FAILS_WITHOUT_STATUS(Code.UNKNOWN, 0,
			unary((request, responses) -> responses.onError(new IllegalStateException("secret")))),

	FAILS_AFTER_MESSAGE(Code.DATA_LOSS, 0, unary((request, responses) -> {
		responses.onNext(request);
		responses.onError(Status.DATA_LOSS.asException());
	})),

	NEVER_ANSWERS(Code.DEADLINE_EXCEEDED, 0, unary((request, responses) -> {
	})),

	COMPLETES_WITHOUT_MESSAGE(Code.INTERNAL, 1, unary((request, responses) -> responses.onCompleted())),

	ANSWERS_TWICE(Code.INTERNAL, 1, unary((request, responses) -> {
		responses.onNext(request);
		responses.onNext(request);
		responses.onCompleted();
	})),

	STREAM_THROWS_AFTER_MESSAGES(Code.UNKNOWN, 1, EchoGrpc.getServerStreamMethod(),
			(handlers) -> handlers.serverStream((request, responses) -> {
				for (int i = 0; i < 10; i++) {
					responses.onNext(request);
				}
				throw new IllegalStateException("secret");
			})),

	STREAM_ENDS_TWICE(Code.OK, 1, EchoGrpc.getServerStreamMethod(),
			(handlers) -> handlers.serverStream((request, responses) -> {
				responses.onCompleted();
				responses.onCompleted();
			})),

	RETURNS_NULL_OBSERVER(Code.UNKNOWN, 1, bidi((responses) -> null)),

	THROWS_INSTEAD_OF_OBSERVER(Code.UNKNOWN, 1, bidi((responses) -> {
		throw new IllegalStateException("secret");
	})),

	THROWS_IN_ON_NEXT(Code.UNKNOWN, 1, bidi((responses) -> new RequestObserver((message) -> {
		throw new IllegalStateException("secret");
	}, responses::onCompleted))),

	THROWS_IN_HALF_CLOSE(Code.UNKNOWN, 1, bidi((responses) -> new RequestObserver(responses::onNext, () -> {
		throw new IllegalStateException("secret");
	}))),

	THROWS_IN_READY_HANDLER(Code.UNKNOWN, 1, bidi((responses) -> {
		((ServerCallStreamObserver<Message>) responses).setOnReadyHandler(() -> {
			throw new IllegalStateException("secret");
		});
		return new RequestObserver((message) -> {
		}, () -> {
		});
	})),

	THROWS_IN_CANCEL_HANDLER(Code.DEADLINE_EXCEEDED, 1, bidi((responses) -> {
		((ServerCallStreamObserver<Message>) responses).setOnCancelHandler(() -> {
			throw new IllegalStateException("secret");
		});
		return new RequestObserver((message) -> {
		}, () -> {
		});
	})),

	THROWS_IN_ON_ERROR(Code.DEADLINE_EXCEEDED, 1, bidi((responses) -> new RequestObserver((message) -> {
	}, () -> {
	}, (ex) -> {
		throw new IllegalStateException("secret");
	}))),

	THROWS_IN_CLOSE_HANDLER(Code.OK, 1, bidi((responses) -> {
		((ServerCallStreamObserver<Message>) responses).setOnCloseHandler(() -> {
			throw new IllegalStateException("secret");
		});
		return EchoHandlers.echoAll(responses);
	})),

	NEVER_ENDS_ITS_STREAM(Code.DEADLINE_EXCEEDED, 0, bidi((responses) -> new RequestObserver(responses::onNext, () -> {
	})));

	static final Metadata.Key<String> KEY = Metadata.Key.of("told", Metadata.ASCII_STRING_MARSHALLER);

	/** What the client is told; {@code null} if any error will do. */
	final @Nullable Code code;

	final int logged;

	final MethodDescriptor<Message, Message> method;

	final UnaryOperator<EchoHandlers> handler;

	Misbehaviour(@Nullable Code code, int logged, UnaryOperator<EchoHandlers> handler) {
		this(code, logged, null, handler);
	}

	Misbehaviour(@Nullable Code code, int logged, @Nullable MethodDescriptor<Message, Message> method,
			UnaryOperator<EchoHandlers> handler) {
		this.code = code;
		this.logged = logged;
		this.handler = handler;
		this.method = (method != null) ? method
				: (handler instanceof BidiHandler) ? EchoGrpc.getBidiMethod() : EchoGrpc.getUnaryMethod();
	}

	private static UnaryOperator<EchoHandlers> unary(BiConsumer<Message, StreamObserver<Message>> misbehaving) {
		return (handlers) -> handlers.unary((request, responses) -> {
			if (request.getText().equals("well-behaved")) {
				EchoHandlers.echo(request, responses);
			}
			else {
				misbehaving.accept(request, responses);
			}
		});
	}

	private static UnaryOperator<EchoHandlers> bidi(UnaryOperator<StreamObserver<Message>> misbehaving) {
		return new BidiHandler(misbehaving);
	}

	private static Metadata trailers() {
		Metadata trailers = new Metadata();
		trailers.put(KEY, "why");
		return trailers;
	}

	@SuppressWarnings("unchecked")
	private static <X extends Throwable> void sneak(Throwable thrown) throws X {
		throw (X) thrown;
	}

	private static int recurse(int depth) {
		return recurse(depth + 1) + 1;
	}

	private record BidiHandler(
			UnaryOperator<StreamObserver<Message>> misbehaving) implements UnaryOperator<EchoHandlers> {

		@Override
		public EchoHandlers apply(EchoHandlers handlers) {
			return handlers.bidi(this.misbehaving);
		}

	}

}
