package io.strand.grpc.autoconfigure.server;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;
import io.strand.grpc.service.advice.InvalidGrpcAdviceException;
import io.strand.grpc.stream.BlockingHandlers;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EchoHandlers.RequestObserver;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.aop.framework.autoproxy.BeanNameAutoProxyCreator;
import org.springframework.aop.support.AopUtils;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link GrpcAdvice} and {@link GrpcExceptionHandler}.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class GrpcAdviceTests {

	private static final Metadata.Key<String> KEY = Metadata.Key.of("detail", Metadata.ASCII_STRING_MARSHALLER);

	private final EchoHandlers handlers = new EchoHandlers();

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(ObservingInterceptor.class)
		.withBean(EchoHandlers.class, () -> this.handlers);

	/** Where a handler fails, for each kind of method it can fail in. */
	enum Failure {

		UNARY(EchoGrpc.getUnaryMethod(), (handlers) -> handlers.unary((request, responses) -> fail())),

		UNARY_LATE(EchoGrpc.getUnaryMethod(),
				(handlers) -> handlers.unary((request, responses) -> responses.onError(new Missing()))),

		UNARY_LATE_ON_OTHER_THREAD(EchoGrpc.getUnaryMethod(),
				(handlers) -> handlers.unary((request, responses) -> elsewhere(responses))),

		SERVER_STREAM(EchoGrpc.getServerStreamMethod(), (handlers) -> handlers.serverStream((request, responses) -> {
			responses.onNext(request);
			fail();
		})),

		SERVER_STREAM_LATE(EchoGrpc.getServerStreamMethod(),
				(handlers) -> handlers.serverStream((request, responses) -> responses.onError(new Missing()))),

		SERVER_STREAM_READY(EchoGrpc.getServerStreamMethod(),
				(handlers) -> handlers
					.serverStream((request, responses) -> ((ServerCallStreamObserver<Message>) responses)
						.setOnReadyHandler(GrpcAdviceTests::fail))),

		CLIENT_STREAM_START(EchoGrpc.getClientStreamMethod(), (handlers) -> handlers.clientStream((responses) -> {
			throw new Missing();
		})),

		CLIENT_STREAM_MESSAGE(EchoGrpc.getClientStreamMethod(),
				(handlers) -> handlers.clientStream(
						(responses) -> new RequestObserver((message) -> fail(), GrpcAdviceTests::mustNotBeCalled))),

		CLIENT_STREAM_HALF_CLOSE(EchoGrpc.getClientStreamMethod(),
				(handlers) -> handlers.clientStream((responses) -> new RequestObserver((message) -> {
				}, GrpcAdviceTests::fail))),

		CLIENT_STREAM_LATE(EchoGrpc.getClientStreamMethod(),
				(handlers) -> handlers.clientStream((responses) -> new RequestObserver((message) -> {
				}, () -> elsewhere(responses)))),

		BIDI_START(EchoGrpc.getBidiMethod(), (handlers) -> handlers.bidi((responses) -> {
			throw new Missing();
		})),

		BIDI_MESSAGE(EchoGrpc.getBidiMethod(),
				(handlers) -> handlers.bidi((responses) -> new RequestObserver((message) -> {
					responses.onNext(message);
					fail();
				}, GrpcAdviceTests::mustNotBeCalled))),

		BIDI_HALF_CLOSE(EchoGrpc.getBidiMethod(),
				(handlers) -> handlers.bidi((responses) -> new RequestObserver((message) -> {
				}, GrpcAdviceTests::fail))),

		BIDI_READY(EchoGrpc.getBidiMethod(), (handlers) -> handlers.bidi((responses) -> {
			((ServerCallStreamObserver<Message>) responses).setOnReadyHandler(GrpcAdviceTests::fail);
			return new RequestObserver((message) -> {
			}, () -> {
			});
		})),

		BIDI_LATE(EchoGrpc.getBidiMethod(), (handlers) -> handlers
			.bidi((responses) -> new RequestObserver((message) -> elsewhere(responses), () -> {
			})));

		private final MethodDescriptor<Message, Message> method;

		private final Consumer<EchoHandlers> setUp;

		Failure(MethodDescriptor<Message, Message> method, Consumer<EchoHandlers> setUp) {
			this.method = method;
			this.setUp = setUp;
		}

	}

	private static void fail() {
		throw new Missing();
	}

	private static void mustNotBeCalled() {
		throw new AssertionError("The handler had failed");
	}

	private static void elsewhere(StreamObserver<Message> responses) {
		Thread thread = new Thread(() -> responses.onError(new Missing()), "elsewhere");
		thread.start();
	}

	@ParameterizedTest
	@EnumSource
	void everyFailureIsMappedAndInterceptorsSeeWhatTheClientIsTold(Failure failure) {
		failure.setUp.accept(this.handlers);
		this.runner.withBean(Missings.class).run((context) -> {
			Outcome outcome = call(context, failure.method);
			assertMissing(outcome);
			assertThat(outcome.trailers().get(KEY)).isEqualTo(failure.method.getFullMethodName());
			ObservingInterceptor observer = context.getBean(ObservingInterceptor.class);
			assertThat(observer.closed()).singleElement().satisfies((status) -> {
				assertThat(status.getCode()).isEqualTo(Status.Code.NOT_FOUND);
				assertThat(status.getDescription()).isEqualTo(outcome.status().getDescription());
				assertThat(status.getCause()).isInstanceOf(Missing.class);
			});
			assertThat(context.getBean(Missings.class).asked).hasValue(1);
		});
	}

	@ParameterizedTest
	@EnumSource(MethodDescriptor.MethodType.class)
	void blockingHandlersAreMappedToo(MethodDescriptor.MethodType type) {
		if (type == MethodDescriptor.MethodType.UNKNOWN) {
			return;
		}
		ServerContext.runner()
			.withBean(Missings.class)
			.withBean("blocking", BindableService.class, () -> GrpcAdviceTests::blocking)
			.run((context) -> assertMissing(call(context, method(type))));
	}

	private static ServerServiceDefinition blocking() {
		return ServerServiceDefinition.builder("strand.testing.Echo")
			.addMethod(EchoGrpc.getUnaryMethod(), BlockingHandlers.unary((request) -> {
				throw new Missing();
			}))
			.addMethod(EchoGrpc.getServerStreamMethod(), BlockingHandlers.serverStreaming((request, responses) -> {
				responses.send(request);
				throw new Missing();
			}))
			.addMethod(EchoGrpc.getClientStreamMethod(), BlockingHandlers.clientStreaming((requests) -> {
				requests.receive();
				throw new Missing();
			}))
			.addMethod(EchoGrpc.getBidiMethod(), BlockingHandlers.bidiStreaming((stream) -> {
				stream.send(Message.getDefaultInstance());
				stream.receive();
				throw new Missing();
			}))
			.build();
	}

	private static MethodDescriptor<Message, Message> method(MethodDescriptor.MethodType type) {
		return switch (type) {
			case UNARY -> EchoGrpc.getUnaryMethod();
			case SERVER_STREAMING -> EchoGrpc.getServerStreamMethod();
			case CLIENT_STREAMING -> EchoGrpc.getClientStreamMethod();
			default -> EchoGrpc.getBidiMethod();
		};
	}

	private static void assertMissing(Outcome outcome) {
		assertThat(outcome.status().getCode()).isEqualTo(Status.Code.NOT_FOUND);
		assertThat(outcome.status().getDescription()).isEqualTo("missing");
	}

	@Test
	void mostSpecificExceptionWins() {
		assertDescription(new FileNotFoundException(), "file", Specific.class);
		assertDescription(new IOException(), "io", Specific.class);
		assertDescription(new IllegalStateException(), "any", Specific.class);
	}

	@Test
	void causeIsMatchedWhereTheExceptionItselfIsNot() {
		assertDescription(new UncheckedIOException(new FileNotFoundException()), "io", OfCauses.class);
		assertDescription(new CompletionException(new CompletionException(new IOException())), "io", OfCauses.class);
	}

	@Test
	void lowestOrderIsAskedFirstAndNullLeavesItToTheNext() {
		assertDescription(new IllegalStateException(), "any", Last.class, Specific.class, Undecided.class);
	}

	@Test
	void methodOfTheServiceGoesBeforeThoseOfAdvices() {
		ServerContext.runner().withBean(LocalEcho.class).withBean(Specific.class).run((context) -> {
			assertThat(call(context, EchoGrpc.getUnaryMethod()).status().getDescription()).isEqualTo("local");
			assertThat(call(context, EchoGrpc.getServerStreamMethod()).status().getDescription()).isEqualTo("any");
		});
	}

	@Test
	void methodOfServiceBehindProxyIsCalled() {
		ServerContext.runner()
			.withBean("local", LocalEcho.class)
			.withUserConfiguration(Proxies.class)
			.run((context) -> {
				assertThat(AopUtils.isCglibProxy(context.getBean("local"))).isTrue();
				assertThat(call(context, EchoGrpc.getUnaryMethod()).status().getDescription()).isEqualTo("local");
			});
	}

	@Test
	void whatMethodsReturnIsSent() {
		this.handlers.unary((request, responses) -> {
			throw new Wanted(request.getText());
		});
		this.runner.withBean(EveryForm.class).run((context) -> {
			assertThat(call(context, "status").status().getCode()).isEqualTo(Status.Code.ABORTED);
			Outcome exception = call(context, "exception");
			assertThat(exception.status().getCode()).isEqualTo(Status.Code.DATA_LOSS);
			assertThat(exception.trailers().get(KEY)).isEqualTo("e");
			// Shared by all calls, and not written to
			assertThat(call(context, "exception").trailers().getAll(KEY)).containsExactly("e");
			assertThat(call(context, "throwable").status().getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
			Outcome plain = call(context, "plain");
			assertThat(plain.status().getCode()).isEqualTo(Status.Code.UNKNOWN);
			assertThat(plain.status().getDescription()).startsWith("Application error processing RPC (call ");
			Outcome details = call(context, "details");
			assertThat(details.status().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
			com.google.rpc.Status sent = StatusProto.fromStatusAndTrailers(details.status(), details.trailers());
			assertThat(sent.getDetails(0).unpack(ErrorInfo.class).getReason()).isEqualTo("QUOTA");
		});
	}

	@Test
	void chosenStatusIsKept() {
		this.handlers.unary((request, responses) -> {
			throw Status.OUT_OF_RANGE.withCause(new IOException()).asRuntimeException();
		}).serverStream((request, responses) -> responses.onError(Status.ABORTED.asException()));
		this.runner.withBean(Specific.class).run((context) -> {
			assertThat(call(context, EchoGrpc.getUnaryMethod()).status().getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
			assertThat(call(context, EchoGrpc.getServerStreamMethod()).status().getCode())
				.isEqualTo(Status.Code.ABORTED);
		});
	}

	@Test
	void methodForStatusesIsAskedAboutThem() {
		this.handlers.unary((request, responses) -> {
			throw Status.OUT_OF_RANGE.asRuntimeException();
		});
		this.runner.withBean(OfStatuses.class)
			.run((context) -> assertThat(call(context, EchoGrpc.getUnaryMethod()).status().getCode())
				.isEqualTo(Status.Code.UNAVAILABLE));
	}

	@Test
	void methodThatFailsIsLoggedWithTheExceptionAndTheClientIsToldUnknown(CapturedOutput output) {
		this.handlers.unary((request, responses) -> {
			throw new Wanted("secret of the handler");
		});
		this.runner.withBean(Failing.class).run((context) -> {
			Status status = call(context, EchoGrpc.getUnaryMethod()).status();
			assertThat(status.getCode()).isEqualTo(Status.Code.UNKNOWN);
			assertThat(status.getDescription()).startsWith("Application error processing RPC (call ");
		});
		assertThat(output)
			.contains("Failing.handle failed when it was told of the failure of strand.testing.Echo/Unary")
			.contains("Wanted: secret of the handler")
			.contains("IllegalArgumentException: secret of the advice");
	}

	@Test
	void okIsNoAnswerToAnException(CapturedOutput output) {
		this.handlers.unary((request, responses) -> fail());
		this.runner.withBean(Whitewashing.class)
			.run((context) -> assertThat(call(context, EchoGrpc.getUnaryMethod()).status().getCode())
				.isEqualTo(Status.Code.UNKNOWN));
		assertThat(output).contains("cannot end with OK");
	}

	@Test
	void whatNothingIsForIsUnknownAndLoggedOnce(CapturedOutput output) {
		this.handlers.unary((request, responses) -> {
			throw new Wanted("thrown secret");
		}).serverStream((request, responses) -> responses.onError(new Wanted("late secret")));
		this.runner.run((context) -> {
			for (MethodDescriptor<Message, Message> method : List.of(EchoGrpc.getUnaryMethod(),
					EchoGrpc.getServerStreamMethod())) {
				Status status = call(context, method).status();
				assertThat(status.getCode()).isEqualTo(Status.Code.UNKNOWN);
				assertThat(status.getDescription()).startsWith("Application error processing RPC (call ");
			}
		});
		assertThat(output).containsOnlyOnce("thrown secret").containsOnlyOnce("late secret");
		assertThat(output).contains("The handler of strand.testing.Echo/ServerStream (call ");
	}

	@Test
	void nobodyIsAskedAboutACallThatWasAnsweredOrCancelled(CapturedOutput output) {
		CountDownLatch entered = new CountDownLatch(1);
		this.handlers.unary((request, responses) -> {
			EchoHandlers.echo(request, responses);
			throw new Missing();
		}).serverStream((request, responses) -> {
			entered.countDown();
			try {
				new CountDownLatch(1).await(10, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				throw new Missing();
			}
		});
		this.runner.withBean(Missings.class).run((context) -> {
			assertThat(call(context, EchoGrpc.getUnaryMethod()).status().isOk()).isTrue();
			await().untilAsserted(() -> assertThat(output).contains("Missing: secret"));
			try (TestClient client = ServerContext.client(context)) {
				Outcome outcome = Outcome.of(client.channel(), EchoGrpc.getServerStreamMethod(), CallOptions.DEFAULT,
						Message.getDefaultInstance());
				assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
				outcome.cancel();
				assertThat(outcome.status().getCode()).isEqualTo(Status.Code.CANCELLED);
			}
			await().until(() -> context.getBean(io.strand.grpc.call.CallEngine.class).liveCalls().isEmpty());
			assertThat(context.getBean(Missings.class).asked).hasValue(0);
		});
	}

	@Test
	void mistakesAreListedAllTogether() {
		ServerContext.runner().withBean(Mistakes.class).withBean(MistakenEcho.class).run((context) -> {
			assertThat(context).hasFailed();
			assertThat(context.getStartupFailure()).rootCause()
				.isInstanceOfSatisfying(InvalidGrpcAdviceException.class, (ex) -> assertThat(ex.getProblems())
					.hasSize(9)
					.anyMatch((problem) -> problem.contains(".first is for java.io.IOException, and so is")
							|| problem.contains(".second is for java.io.IOException, and so is"))
					.anyMatch((problem) -> problem.contains(".returnsText returns java.lang.String: return"))
					.anyMatch((problem) -> problem.contains(".returnsNothing returns void: return"))
					.anyMatch((problem) -> problem.contains(".takesText has parameters that Strand cannot give"))
					.anyMatch((problem) -> problem.contains(".forNothing does not say which exceptions"))
					.anyMatch((problem) -> problem.contains(".isPrivate is private: make it package-private"))
					.anyMatch((problem) -> problem.contains(".tooNarrow is for java.io.IOException, which is no"))
					.anyMatch((problem) -> problem.contains("MistakenEcho.local returns void")));
		});
	}

	private void assertDescription(Exception thrown, String description, Class<?>... advices) {
		this.handlers.unary((request, responses) -> responses.onError(thrown));
		ApplicationContextRunner with = this.runner;
		for (Class<?> advice : advices) {
			with = with.withBean(advice);
		}
		with.run((context) -> assertThat(call(context, EchoGrpc.getUnaryMethod()).status().getDescription())
			.isEqualTo(description));
	}

	private static Outcome call(AssertableApplicationContext context, MethodDescriptor<Message, Message> method) {
		return call(context, method, "");
	}

	private static Outcome call(AssertableApplicationContext context, String text) {
		return call(context, EchoGrpc.getUnaryMethod(), text);
	}

	private static Outcome call(AssertableApplicationContext context, MethodDescriptor<Message, Message> method,
			String text) {
		try (TestClient client = ServerContext.client(context)) {
			Outcome outcome = Outcome.of(client.channel(), method,
					CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS),
					Message.newBuilder().setText(text).setNumber(1).build());
			outcome.status();
			return outcome;
		}
	}

	static class Missing extends RuntimeException {

		Missing() {
			super("secret");
		}

	}

	static class Wanted extends RuntimeException {

		Wanted(String message) {
			super(message);
		}

	}

	@GrpcAdvice
	static class Missings {

		private final AtomicInteger asked = new AtomicInteger();

		@GrpcExceptionHandler
		StatusRuntimeException missing(Missing exception, GrpcCall call, Metadata headers) {
			this.asked.incrementAndGet();
			assertThat(GrpcCall.current()).isSameAs(call);
			assertThat(headers.keys()).contains("user-agent");
			Metadata trailers = new Metadata();
			trailers.put(KEY, call.method().getFullMethodName());
			return Status.NOT_FOUND.withDescription("missing").asRuntimeException(trailers);
		}

	}

	@GrpcAdvice
	@Order(2)
	static class Specific {

		@GrpcExceptionHandler
		Status any(Exception exception) {
			return Status.INTERNAL.withDescription("any");
		}

		@GrpcExceptionHandler({ FileNotFoundException.class, InterruptedException.class })
		Status file() {
			return Status.NOT_FOUND.withDescription("file");
		}

		@GrpcExceptionHandler
		Status io(IOException exception) {
			return Status.UNAVAILABLE.withDescription("io");
		}

	}

	@GrpcAdvice
	@Order(1)
	static class Undecided {

		@GrpcExceptionHandler
		@Nullable Status nothing(Throwable exception) {
			return null;
		}

	}

	@GrpcAdvice
	@Order(3)
	static class Last {

		@GrpcExceptionHandler
		Status last(IllegalStateException exception) {
			return Status.INTERNAL.withDescription("last");
		}

	}

	@GrpcAdvice
	static class OfCauses {

		@GrpcExceptionHandler
		Status io(IOException exception) {
			return Status.UNAVAILABLE.withDescription("io");
		}

	}

	@GrpcAdvice
	static class OfStatuses {

		@GrpcExceptionHandler
		Status status(StatusRuntimeException exception) {
			return Status.UNAVAILABLE;
		}

	}

	@GrpcAdvice
	static class EveryForm {

		private final StatusException shared = Status.DATA_LOSS.asException(new Metadata());

		EveryForm() {
			this.shared.getTrailers().put(KEY, "e");
		}

		@GrpcExceptionHandler
		Throwable form(Wanted wanted) {
			return switch (wanted.getMessage()) {
				case "exception" -> this.shared;
				case "throwable" -> new IOException(Status.OUT_OF_RANGE.asException());
				case "plain" -> new IOException("secret");
				case "status" -> Status.ABORTED.asRuntimeException();
				default -> StatusProto.toStatusException(com.google.rpc.Status.newBuilder()
					.setCode(Status.Code.RESOURCE_EXHAUSTED.value())
					.addDetails(Any.pack(ErrorInfo.newBuilder().setReason("QUOTA").build()))
					.build());
			};
		}

	}

	@GrpcAdvice
	static class Failing {

		@GrpcExceptionHandler
		Status handle(Wanted wanted) {
			throw new IllegalArgumentException("secret of the advice");
		}

	}

	@GrpcAdvice
	static class Whitewashing {

		@GrpcExceptionHandler
		Status handle(Missing exception) {
			return Status.OK;
		}

	}

	@GrpcService
	static class LocalEcho extends EchoGrpc.EchoImplBase {

		private final String text = "local";

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			throw new Missing();
		}

		@Override
		public void serverStream(Message request, StreamObserver<Message> responses) {
			throw new IllegalStateException();
		}

		@GrpcExceptionHandler
		com.google.rpc.Status missing(Missing exception) {
			return com.google.rpc.Status.newBuilder()
				.setCode(Status.Code.NOT_FOUND.value())
				.setMessage(this.text)
				.build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Proxies {

		@Bean
		static BeanNameAutoProxyCreator proxies() {
			BeanNameAutoProxyCreator creator = new BeanNameAutoProxyCreator();
			creator.setBeanNames("local");
			creator.setProxyTargetClass(true);
			return creator;
		}

	}

	@GrpcAdvice
	static class Mistakes {

		@GrpcExceptionHandler
		Status first(IOException exception) {
			return Status.ABORTED;
		}

		@GrpcExceptionHandler(IOException.class)
		Status second() {
			return Status.ABORTED;
		}

		@GrpcExceptionHandler
		String returnsText(IllegalStateException exception) {
			return "";
		}

		@GrpcExceptionHandler
		void returnsNothing(IllegalArgumentException exception) {
		}

		@GrpcExceptionHandler
		Status takesText(ArithmeticException exception, String text) {
			return Status.ABORTED;
		}

		@GrpcExceptionHandler
		Status forNothing(GrpcCall call) {
			return Status.ABORTED;
		}

		@GrpcExceptionHandler
		private Status isPrivate(ClassCastException exception) {
			return Status.ABORTED;
		}

		@GrpcExceptionHandler({ IOException.class, Error.class })
		Status tooNarrow(Error exception) {
			return Status.ABORTED;
		}

	}

	@GrpcService
	static class MistakenEcho extends EchoGrpc.EchoImplBase {

		@GrpcExceptionHandler
		void local(IOException exception) {
		}

	}

}
