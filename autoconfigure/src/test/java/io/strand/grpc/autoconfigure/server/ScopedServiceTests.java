package io.strand.grpc.autoconfigure.server;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.server.InvalidGrpcServiceException;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.advice.GrpcExceptionHandler;
import io.strand.grpc.service.scope.GrpcCallScope;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import jakarta.annotation.PreDestroy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.context.support.SimpleThreadScope;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * Services that are no singletons.
 */
@Timeout(60)
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ScopedServiceTests {

	private static final int CALLS = 50;

	private final Instances instances = new Instances();

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(Instances.class, () -> this.instances);

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	void callsAtTheSameTimeHaveEachTheirOwnPlainService(String threading) {
		this.runner.withUserConfiguration(RoutesOfCall.class)
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				assertThat(ServerContext.server(context).getServices()).containsExactly("strand.testing.Routes");
				try (TestClient client = ServerContext.client(context)) {
					RoutesGrpc.RoutesFutureStub stub = RoutesGrpc.newFutureStub(client.channel())
						.withDeadlineAfter(30, TimeUnit.SECONDS);
					List<ListenableFuture<Feature>> answers = new CopyOnWriteArrayList<>();
					for (int i = 0; i < CALLS; i++) {
						answers.add(stub.getFeature(Point.newBuilder().setLatitude(i).build()));
					}
					Set<String> numbers = new HashSet<>();
					for (int i = 0; i < CALLS; i++) {
						// What the instance was told by this call, and which it is
						String[] answer = answers.get(i).get(30, TimeUnit.SECONDS).getName().split(" of ");
						assertThat(answer[0]).isEqualTo("" + i);
						numbers.add(answer[1]);
					}
					assertThat(numbers).hasSize(CALLS);
				}
				assertAllDestroyed(context, CALLS);
			});
	}

	@Test
	void callHasOneInstanceForItsHandlerAndItsOwnAdvice() {
		this.runner.withUserConfiguration(RoutesOfCall.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				RoutesGrpc.RoutesBlockingV2Stub stub = RoutesGrpc.newBlockingV2Stub(client.channel())
					.withDeadlineAfter(30, TimeUnit.SECONDS);
				for (int i = 1; i <= 2; i++) {
					Status status = Status
						.fromThrowable(catchThrowable(stub.listFeatures(Rectangle.getDefaultInstance())::read));
					assertThat(status.getCode()).isEqualTo(Status.Code.ABORTED);
					assertThat(status.getDescription()).isEqualTo("instance %d threw in instance %d", i, i);
				}
			}
			assertAllDestroyed(context, 2);
		});
	}

	@Test
	void callHasOneInstanceOfAGeneratedBaseClass() {
		this.runner.withUserConfiguration(EchoOfCall.class).run((context) -> {
			assertThat(ServerContext.server(context).getServices()).containsExactly("strand.testing.Echo");
			try (TestClient client = ServerContext.client(context)) {
				EchoGrpc.EchoFutureStub stub = EchoGrpc.newFutureStub(client.channel())
					.withDeadlineAfter(30, TimeUnit.SECONDS);
				List<ListenableFuture<Message>> answers = new CopyOnWriteArrayList<>();
				for (int i = 0; i < CALLS; i++) {
					answers.add(stub.unary(Message.getDefaultInstance()));
				}
				assertThat(Futures.allAsList(answers).get(30, TimeUnit.SECONDS)).extracting(Message::getNumber)
					.doesNotHaveDuplicates();
			}
			assertAllDestroyed(context, CALLS);
		});
	}

	@Test
	void callThatNeverRunsHasNoInstance() {
		this.runner.withUserConfiguration(RoutesOfCall.class)
			.withPropertyValues("strand.server.limits.max-concurrent-calls=1")
			.run((context) -> {
				try (TestClient client = ServerContext.client(context)) {
					RoutesGrpc.RoutesFutureStub stub = RoutesGrpc.newFutureStub(client.channel())
						.withDeadlineAfter(30, TimeUnit.SECONDS);
					ListenableFuture<Feature> first = stub.getFeature(Point.getDefaultInstance());
					await().until(() -> this.instances.all.getNumberWaiting() == 1);
					Throwable refused = catchThrowable(() -> stub.getFeature(Point.getDefaultInstance()).get());
					assertThat(Status.fromThrowable(refused).getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
					this.instances.all.reset();
					assertThat(catchThrowable(first::get)).isNotNull();
				}
				assertAllDestroyed(context, 1);
			});
	}

	@Test
	void instanceThatCannotBeMadeFailsItsCallAndIsLogged(CapturedOutput output) {
		this.runner.withUserConfiguration(RoutesOfCall.class).run((context) -> {
			this.instances.failing = true;
			try (TestClient client = ServerContext.client(context)) {
				RoutesGrpc.RoutesBlockingV2Stub stub = RoutesGrpc.newBlockingV2Stub(client.channel())
					.withDeadlineAfter(30, TimeUnit.SECONDS);
				Status status = Status.fromThrowable(catchThrowable(() -> stub.getFeature(Point.getDefaultInstance())));
				assertThat(status.getCode()).isEqualTo(Status.Code.UNKNOWN);
				assertThat(status.getDescription()).doesNotContain("no instance today");
				this.instances.failing = false;
				assertThat(stub.routeChat().read()).isNull();
			}
		});
		assertThat(output).contains("no instance today");
	}

	@ParameterizedTest
	@ValueSource(classes = { UnproxiedOfCall.class, UnproxiedPrototype.class })
	void serviceWithoutAProxyIsRefused(Class<?> service) {
		assertRefused(this.runner.withUserConfiguration(service),
				"without a proxy that finds the instance of each call.",
				"Add 'proxyMode = ScopedProxyMode.TARGET_CLASS' to its scope, or let it be a singleton.");
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void serviceOfAWebRequestIsRefused(boolean webApplication) {
		ApplicationContextRunner web = webApplication
				? this.runner.withInitializer(
						(context) -> context.getBeanFactory().registerScope("request", new SimpleThreadScope()))
				: this.runner;
		assertRefused(web.withUserConfiguration(OfRequest.class), "is a gRPC service of scope 'request', and no call",
				"Mark it @GrpcCallScope for an instance per call, or let it be a singleton.");
	}

	@Test
	void serviceOfAnUnknownScopeIsRefused() {
		assertRefused(this.runner.withUserConfiguration(OfTenant.class),
				"is a gRPC service of scope 'tenant', which this application does not have.", "Register that scope");
	}

	@Test
	void serviceOfAScopeOfTheApplicationIsServed() {
		this.runner.withUserConfiguration(OfTenant.class)
			.withInitializer((context) -> context.getBeanFactory().registerScope("tenant", new SimpleThreadScope()))
			.run((context) -> {
				try (TestClient client = ServerContext.client(context)) {
					assertThat(client.echo("hello")).isEqualTo("hello");
				}
			});
	}

	private static void assertRefused(ApplicationContextRunner runner, String... message) {
		runner.run((context) -> assertThat(context).hasFailed()
			.getFailure()
			.rootCause()
			.isInstanceOf(InvalidGrpcServiceException.class)
			.hasMessageContaining("scopedServiceTests.")
			.hasMessageContainingAll(message));
	}

	private void assertAllDestroyed(AssertableApplicationContext context, int count) {
		CallEngine engine = context.getBean(CallEngine.class);
		await().until(() -> engine.liveCalls().isEmpty());
		assertThat(this.instances.made).hasValue(count);
		assertThat(this.instances.destroyed).hasValue(count);
	}

	static class Instances {

		final AtomicInteger made = new AtomicInteger();

		final AtomicInteger destroyed = new AtomicInteger();

		final CyclicBarrier all = new CyclicBarrier(CALLS);

		volatile boolean failing;

		int next() {
			if (this.failing) {
				throw new IllegalStateException("no instance today");
			}
			return this.made.incrementAndGet();
		}

		/** Until all calls are inside, so that each that is shared has mixed them up. */
		void meet() throws Exception {
			this.all.await(20, TimeUnit.SECONDS);
		}

	}

	/** Keeps what belongs to its call in fields that nothing protects. */
	@GrpcService(RoutesGrpc.class)
	@GrpcCallScope
	static class RoutesOfCall {

		private final Instances instances;

		private final int number;

		private int latitude;

		RoutesOfCall(Instances instances) {
			this.instances = instances;
			this.number = instances.next();
		}

		Feature getFeature(Point point, GrpcCall call) throws Exception {
			this.latitude = point.getLatitude();
			this.instances.meet();
			return Feature.newBuilder().setName(this.latitude + " of " + this.number).build();
		}

		void listFeatures(Rectangle area, ServerStream<Feature> features) {
			throw new UnsupportedOperationException("instance " + this.number);
		}

		RouteSummary recordRoute(ClientStream<Point> points) {
			return RouteSummary.getDefaultInstance();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) {
		}

		@GrpcExceptionHandler
		Status unsupported(UnsupportedOperationException exception) {
			return Status.ABORTED.withDescription(exception.getMessage() + " threw in instance " + this.number);
		}

		@PreDestroy
		void destroy() {
			this.instances.destroyed.incrementAndGet();
		}

	}

	@GrpcService
	@GrpcCallScope
	static class EchoOfCall extends EchoService {

		private final Instances instances;

		private final int number;

		EchoOfCall(Instances instances) {
			this.instances = instances;
			this.number = instances.next();
		}

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			try {
				this.instances.meet();
			}
			catch (Exception ex) {
				throw new IllegalStateException("The other calls did not come", ex);
			}
			super.unary(request.toBuilder().setNumber(this.number).build(), responses);
		}

		@PreDestroy
		void destroy() {
			this.instances.destroyed.incrementAndGet();
		}

	}

	@GrpcService
	@GrpcCallScope(proxyMode = ScopedProxyMode.NO)
	static class UnproxiedOfCall extends EchoService {

	}

	@GrpcService
	@Scope("prototype")
	static class UnproxiedPrototype extends EchoService {

	}

	@GrpcService
	@Scope(scopeName = "request", proxyMode = ScopedProxyMode.TARGET_CLASS)
	static class OfRequest extends EchoService {

	}

	@GrpcService
	@Scope(scopeName = "tenant", proxyMode = ScopedProxyMode.TARGET_CLASS)
	static class OfTenant extends EchoService {

	}

}
