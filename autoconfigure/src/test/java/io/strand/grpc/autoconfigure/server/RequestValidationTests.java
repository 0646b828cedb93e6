package io.strand.grpc.autoconfigure.server;

import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import build.buf.protovalidate.ValidationResult;
import build.buf.protovalidate.Validator;
import com.google.rpc.BadRequest;
import com.google.rpc.BadRequest.FieldViolation;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;
import io.strand.grpc.service.validation.InvalidRequestRulesException;
import io.strand.grpc.service.validation.RequestValidation;
import io.strand.grpc.stream.BlockingHandlers;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestClient;
import io.strand.grpc.testing.rules.BrokenGrpc;
import io.strand.grpc.testing.rules.FailingGrpc;
import io.strand.grpc.testing.rules.FailingRequest;
import io.strand.grpc.testing.rules.Line;
import io.strand.grpc.testing.rules.OrderReply;
import io.strand.grpc.testing.rules.OrderRequest;
import io.strand.grpc.testing.rules.ShopGrpc;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Tests for {@link RequestValidation}.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class RequestValidationTests {

	private static final OrderRequest VALID = OrderRequest.newBuilder().setItem("tea").setCount(1).build();

	private final Shop shop = new Shop();

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(ObservingInterceptor.class)
		.withBean(Shop.class, () -> this.shop);

	@Test
	void validRequestsAreAnswered() {
		this.runner.run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(stub(client).order(VALID).getCount()).isOne();
				assertThat(stub(client).watch(VALID).next().getCount()).isOne();
				assertThat(stub(client).free(OrderReply.getDefaultInstance()).getCount()).isZero();
				Replies replies = new Replies();
				StreamObserver<OrderRequest> requests = ShopGrpc.newStub(client.channel()).chat(replies);
				requests.onNext(VALID);
				requests.onNext(VALID);
				requests.onCompleted();
				assertThat(replies.status().isOk()).isTrue();
				assertThat(this.shop.seen).hasValue(4);
			}
		});
	}

	@Test
	void invalidRequestIsRefusedWithItsFieldsAndTheHandlerDoesNotSeeIt() {
		OrderRequest invalid = OrderRequest.newBuilder()
			.setItem("tea")
			.addLines(Line.newBuilder().setText("short"))
			.addLines(Line.newBuilder().setText("too long"))
			.build();
		this.runner.run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				StatusRuntimeException refused = catchThrowableOfType(StatusRuntimeException.class,
						() -> stub(client).order(invalid));
				assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
				assertThat(refused.getStatus().getDescription())
					.isEqualTo("The request is invalid: 2 violations, the first in field 'count'");
				assertThat(fields(refused)).containsExactly("count", "lines[1].text");
				Iterator<OrderReply> watched = stub(client).watch(invalid);
				assertThat(catchThrowableOfType(StatusRuntimeException.class, watched::hasNext).getStatus().getCode())
					.isEqualTo(Status.Code.INVALID_ARGUMENT);
			}
			assertThat(this.shop.seen).hasValue(0);
			assertThat(context.getBean(ObservingInterceptor.class).closed()).extracting(Status::getCode)
				.containsExactly(Status.Code.INVALID_ARGUMENT, Status.Code.INVALID_ARGUMENT);
		});
	}

	@Test
	void adviceForStatusesIsAskedAboutInvalidRequests() {
		this.runner.withBean(StatusAdvice.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				StatusRuntimeException refused = catchThrowableOfType(StatusRuntimeException.class,
						() -> stub(client).order(OrderRequest.getDefaultInstance()));
				assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.OUT_OF_RANGE);
			}
		});
	}

	@Test
	void everyMessageOfAStreamIsValidatedAndItsHandlerIsToldOfTheEnd() {
		this.runner.run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertRefusedAtThird(client.channel());
				assertThat(this.shop.seen).hasValue(2);
				assertThat(this.shop.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
			}
		});
	}

	@Test
	void blockingStreamThrowsTheStatusToItsReceiver() {
		AtomicReference<Throwable> thrown = new AtomicReference<>();
		BindableService chat = () -> ServerServiceDefinition.builder("strand.rules.Shop")
			.addMethod(ShopGrpc.getChatMethod(), BlockingHandlers.bidiStreaming((stream) -> {
				try {
					for (OrderRequest request : stream) {
						this.shop.seen.incrementAndGet();
						stream.send(OrderReply.newBuilder().setCount(request.getCount()).build());
					}
				}
				catch (StatusRuntimeException ex) {
					thrown.set(ex);
					throw ex;
				}
			}))
			.build();
		ServerContext.runner().withBean("chat", BindableService.class, () -> chat).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertRefusedAtThird(client.channel());
			}
			assertThat(this.shop.seen).hasValue(2);
			assertThat(Status.fromThrowable(thrown.get()).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
		});
	}

	private static void assertRefusedAtThird(ManagedChannel channel) throws InterruptedException {
		Replies replies = new Replies();
		StreamObserver<OrderRequest> requests = ShopGrpc.newStub(channel).chat(replies);
		requests.onNext(VALID);
		requests.onNext(VALID);
		assertThat(replies.two.await(10, TimeUnit.SECONDS)).isTrue();
		requests.onNext(VALID.toBuilder().setItem("").build());
		StatusRuntimeException refused = replies.failure();
		assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
		assertThat(refused.getStatus().getDescription())
			.isEqualTo("The request is invalid: 1 violation in field 'item'");
		assertThat(fields(refused)).containsExactly("item");
	}

	@Test
	void ofManyViolationsAsManyAreToldAsTheClientAccepts() {
		OrderRequest.Builder invalid = VALID.toBuilder();
		for (int i = 0; i < 5000; i++) {
			invalid.addLines(Line.newBuilder().setText("too long"));
		}
		this.runner.run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				StatusRuntimeException refused = catchThrowableOfType(StatusRuntimeException.class,
						() -> stub(client).order(invalid.build()));
				assertThat(refused.getStatus().getDescription())
					.isEqualTo("The request is invalid: 5000 violations, the first in field 'lines[0].text'");
				assertThat(fields(refused)).hasSizeBetween(10, 100);
			}
		});
	}

	@Test
	void ruleThatDoesNotCompileIsFoundAtStartUp() {
		this.runner.withBean(BrokenGrpc.BrokenImplBase.class, () -> new BrokenGrpc.BrokenImplBase() {
		}).run((context) -> {
			assertThat(context).hasFailed();
			assertThat(context.getStartupFailure()).rootCause()
				.isInstanceOfSatisfying(InvalidRequestRulesException.class, (ex) -> assertThat(ex.getProblems())
					.singleElement()
					.asString()
					.startsWith("The rules of strand.rules.BrokenRequest, the request of strand.rules.Broken/Try: "));
		});
	}

	@Test
	void ruleThatCannotBeAppliedIsTheServersFault(CapturedOutput output) {
		ServerContext.runner().withBean(FailingGrpc.FailingImplBase.class, () -> new FailingGrpc.FailingImplBase() {
		}).withBean(Validator.class, () -> (message) -> {
			if (message.equals(message.getDefaultInstanceForType())) {
				return ValidationResult.EMPTY;
			}
			throw new build.buf.protovalidate.exceptions.ExecutionException("secret");
		}).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				StatusRuntimeException failed = catchThrowableOfType(StatusRuntimeException.class,
						() -> FailingGrpc.newBlockingStub(client.channel())
							.withDeadlineAfter(10, TimeUnit.SECONDS)
							.try_(FailingRequest.newBuilder().setCount(1).build()));
				assertThat(failed.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
				assertThat(failed.getStatus().getDescription()).isEqualTo("The request could not be validated");
			}
		});
		assertThat(output).contains("The rules for requests of strand.rules.Failing/Try cannot be applied");
	}

	@Test
	void validationIsTurnedOff() {
		this.runner.withPropertyValues("strand.server.validation.enabled=false").run((context) -> {
			assertThat(context).doesNotHaveBean(RequestValidation.class);
			assertNotValidated(context);
		});
	}

	@Test
	void withoutTheLibraryNothingIsValidated() {
		this.runner.withClassLoader(new FilteredClassLoader("build.buf.protovalidate")).run((context) -> {
			assertThat(context).doesNotHaveBean("strandRequestValidation");
			assertNotValidated(context);
		});
	}

	@Test
	void ownValidatorIsUsed() {
		this.runner.withBean("own", Validator.class, () -> (message) -> ValidationResult.EMPTY).run((context) -> {
			assertThat(context).hasSingleBean(Validator.class);
			assertNotValidated(context);
		});
	}

	private static void assertNotValidated(AssertableApplicationContext context) {
		try (TestClient client = ServerContext.client(context)) {
			assertThat(stub(client).order(OrderRequest.getDefaultInstance()).getCount()).isZero();
		}
	}

	private static ShopGrpc.ShopBlockingStub stub(TestClient client) {
		return ShopGrpc.newBlockingStub(client.channel()).withDeadlineAfter(10, TimeUnit.SECONDS);
	}

	private static List<String> fields(StatusRuntimeException refused) {
		try {
			return StatusProto.fromThrowable(refused)
				.getDetails(0)
				.unpack(BadRequest.class)
				.getFieldViolationsList()
				.stream()
				.map(FieldViolation::getField)
				.toList();
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	/** Counts what it sees. */
	static class Shop extends ShopGrpc.ShopImplBase {

		private final AtomicInteger seen = new AtomicInteger();

		private final CountDownLatch cancelled = new CountDownLatch(1);

		@Override
		public void order(OrderRequest request, StreamObserver<OrderReply> responses) {
			reply(request, responses);
			responses.onCompleted();
		}

		@Override
		public void watch(OrderRequest request, StreamObserver<OrderReply> responses) {
			order(request, responses);
		}

		@Override
		public void free(OrderReply request, StreamObserver<OrderReply> responses) {
			responses.onNext(request);
			responses.onCompleted();
		}

		@Override
		public StreamObserver<OrderRequest> chat(StreamObserver<OrderReply> responses) {
			return new StreamObserver<>() {

				@Override
				public void onNext(OrderRequest request) {
					reply(request, responses);
				}

				@Override
				public void onError(Throwable ex) {
					Shop.this.cancelled.countDown();
				}

				@Override
				public void onCompleted() {
					responses.onCompleted();
				}

			};
		}

		private void reply(OrderRequest request, StreamObserver<OrderReply> responses) {
			this.seen.incrementAndGet();
			responses.onNext(OrderReply.newBuilder().setCount(request.getCount()).build());
		}

	}

	/** What a client receives. */
	static class Replies implements StreamObserver<OrderReply> {

		private final CountDownLatch two = new CountDownLatch(2);

		private final CountDownLatch ended = new CountDownLatch(1);

		private final AtomicReference<Throwable> failure = new AtomicReference<>();

		@Override
		public void onNext(OrderReply reply) {
			this.two.countDown();
		}

		@Override
		public void onError(Throwable ex) {
			this.failure.set(ex);
			this.ended.countDown();
		}

		@Override
		public void onCompleted() {
			this.ended.countDown();
		}

		Status status() throws InterruptedException {
			assertThat(this.ended.await(10, TimeUnit.SECONDS)).isTrue();
			Throwable ex = this.failure.get();
			return (ex != null) ? Status.fromThrowable(ex) : Status.OK;
		}

		StatusRuntimeException failure() throws InterruptedException {
			assertThat(status().isOk()).isFalse();
			return (StatusRuntimeException) this.failure.get();
		}

	}

	@GrpcAdvice
	static class StatusAdvice {

		@GrpcExceptionHandler
		Status invalid(StatusRuntimeException exception) {
			return Status.OUT_OF_RANGE;
		}

	}

}
