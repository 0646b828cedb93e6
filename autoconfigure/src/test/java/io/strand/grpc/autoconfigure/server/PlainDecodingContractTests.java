package io.strand.grpc.autoconfigure.server;

import java.io.InputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.BlockingClientCall;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.LiveCall.State;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.ServiceDecorator;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import io.strand.grpc.thread.CallThreads;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * The guarantee on decoding, H10, held against plain methods of an application.
 */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
@DisplayName("Requests of handlers that are plain methods")
class PlainDecodingContractTests {

	private static final String LARGE = "x".repeat(3_000_000);

	private static final String LIMIT_OF_CHAT = "strand.server.methods[strand.testing.Routes/RouteChat].max-concurrent-calls=1";

	private final Decodings decodings = new Decodings();

	private final Routes routes = new Routes();

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(Decodings.class, () -> this.decodings)
		.withBean(Routes.class, () -> this.routes);

	@ParameterizedTest(name = "{0} threads, {1}")
	@CsvSource({ "auto, identity", "auto, gzip", "platform, identity", "platform, gzip" })
	@DisplayName("H10: messages of each kind of method are decoded off the event loop, large and compressed ones too")
	void h10MessagesAreDecodedOffTheEventLoop(String threading, String compression) {
		run((context, channel) -> {
			RoutesGrpc.RoutesBlockingV2Stub stub = stub(channel).withCompression(compression);
			assertThat(stub.getFeature(Point.getDefaultInstance())).isNotNull();
			assertThat(stub.listFeatures(Rectangle.getDefaultInstance()).read()).isNull();
			BlockingClientCall<Point, RouteSummary> record = stub.recordRoute();
			for (int i = 0; i < 100; i++) {
				record.write(Point.getDefaultInstance());
			}
			record.halfClose();
			assertThat(record.read().getPoints()).isEqualTo(100);
			BlockingClientCall<RouteNote, RouteNote> chat = stub.routeChat();
			for (int i = 0; i < 3; i++) {
				chat.write(note(LARGE));
				assertThat(chat.read()).isEqualTo(note("3000000"));
			}
			chat.halfClose();
			assertThat(chat.read()).isNull();
			assertThat(this.decodings.of("GetFeature")).hasSize(1);
			assertThat(this.decodings.of("ListFeatures")).hasSize(1);
			assertThat(this.decodings.of("RecordRoute")).hasSize(100);
			assertThat(this.decodings.of("RouteChat")).hasSize(3);
			boolean handedOver = CallThreads.areVirtualAvailable() && threading.equals("auto")
					&& compression.equals("identity");
			String decodingLarge = handedOver ? "grpc-decode-" : "grpc-call-";
			assertThat(this.decodings.all).allSatisfy((decoding) -> assertThat(decoding.thread())
				.startsWith(decoding.method().endsWith("RouteChat") ? decodingLarge : "grpc-call-"));
		}, "strand.server.handler.threading=" + threading);
	}

	@Test
	@DisplayName("H10: the messages of refused calls are never decoded")
	void h10RefusedMessagesAreNeverDecoded() {
		CountDownLatch entered = new CountDownLatch(3);
		CountDownLatch gate = new CountDownLatch(1);
		this.routes.blocked = () -> {
			entered.countDown();
			within(gate);
		};
		run((context, channel) -> {
			var first = RoutesGrpc.newFutureStub(channel).getFeature(Point.getDefaultInstance());
			BlockingClientCall<?, Feature> list = stub(channel).listFeatures(Rectangle.getDefaultInstance());
			BlockingClientCall<Point, RouteSummary> record = stub(channel).recordRoute();
			record.halfClose();
			within(entered);
			for (int i = 0; i < 10; i++) {
				assertRefused(catchThrowable(() -> stub(channel).getFeature(Point.getDefaultInstance())));
				assertRefused(catchThrowable(stub(channel).listFeatures(Rectangle.getDefaultInstance())::read));
				BlockingClientCall<Point, RouteSummary> refused = stub(channel).recordRoute();
				catchThrowable(() -> refused.write(Point.getDefaultInstance()));
				assertRefused(catchThrowable(refused::read));
			}
			gate.countDown();
			assertThat(first.get(10, TimeUnit.SECONDS)).isNotNull();
			assertThat(list.read()).isNull();
			assertThat(record.read()).isNotNull();
			// What came before this on the connection has arrived
			BlockingClientCall<RouteNote, RouteNote> last = stub(channel).routeChat();
			last.halfClose();
			assertThat(last.read()).isNull();
			assertThat(this.decodings.of("GetFeature")).hasSize(1);
			assertThat(this.decodings.of("ListFeatures")).hasSize(1);
			assertThat(this.decodings.of("RecordRoute")).isEmpty();
		}, "strand.server.methods[strand.testing.Routes/GetFeature].max-concurrent-calls=1",
				"strand.server.methods[strand.testing.Routes/ListFeatures].max-concurrent-calls=1",
				"strand.server.methods[strand.testing.Routes/RecordRoute].max-concurrent-calls=1");
	}

	@Test
	@DisplayName("H10: the messages of calls that wait at a limit are decoded when they run, if they do")
	void h10WaitingMessagesAreNotDecoded() {
		CountDownLatch entered = new CountDownLatch(1);
		CountDownLatch gate = new CountDownLatch(1);
		this.routes.chat = (notes) -> {
			entered.countDown();
			within(gate);
			assertThat(notes.receive()).isNotNull();
		};
		run((context, channel) -> {
			BlockingClientCall<RouteNote, RouteNote> first = chat(channel);
			within(entered);
			BlockingClientCall<RouteNote, RouteNote> second = chat(channel);
			awaitWaiting(context, 1);
			BlockingClientCall<RouteNote, RouteNote> third = chat(channel);
			awaitWaiting(context, 2);
			assertThat(this.decodings.all).isEmpty();
			third.cancel("The client does not wait", null);
			awaitWaiting(context, 1);
			gate.countDown();
			assertThat(first.read()).isNull();
			assertThat(second.read()).isNull();
			assertThat(stub(channel).getFeature(Point.getDefaultInstance())).isNotNull();
			assertThat(this.decodings.of("RouteChat")).hasSize(2);
		}, LIMIT_OF_CHAT, "strand.server.limits.max-wait=30s");
	}

	private static BlockingClientCall<RouteNote, RouteNote> chat(ManagedChannel channel) throws Exception {
		BlockingClientCall<RouteNote, RouteNote> call = stub(channel).routeChat();
		call.write(note("hello"));
		return call;
	}

	private static void awaitWaiting(AssertableApplicationContext context, int count) {
		CallEngine engine = context.getBean(CallEngine.class);
		await().until(() -> engine.liveCalls()
			.stream()
			.filter((call) -> call.state() == State.WAITING_FOR_PERMIT)
			.count() == count);
	}

	private static void assertRefused(Throwable thrown) {
		assertThat(Status.fromThrowable(thrown).getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
	}

	private void run(TestBody body, String... properties) {
		this.runner.withPropertyValues(properties).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				// Else calls would wait for the connection until somebody reads
				await().until(() -> client.channel().getState(true) == ConnectivityState.READY);
				body.run(context, client.channel());
			}
		});
	}

	private static void within(CountDownLatch latch) {
		try {
			assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException("interrupted", ex);
		}
	}

	private static RoutesGrpc.RoutesBlockingV2Stub stub(ManagedChannel channel) {
		return RoutesGrpc.newBlockingV2Stub(channel).withDeadlineAfter(40, TimeUnit.SECONDS);
	}

	private static RouteNote note(String text) {
		return RouteNote.newBuilder().setText(text).build();
	}

	interface TestBody {

		void run(AssertableApplicationContext context, ManagedChannel channel) throws Exception;

	}

	interface Code<S> {

		void run(S stream) throws Throwable;

	}

	/**
	 * A request that was decoded.
	 *
	 * @param method the name of the rpc
	 * @param thread who decoded it
	 */
	record Decoding(String method, String thread) {

	}

	/** Sees each request that is decoded, below what the engine does. */
	static class Decodings implements ServiceDecorator {

		final List<Decoding> all = new CopyOnWriteArrayList<>();

		List<Decoding> of(String method) {
			return this.all.stream().filter((decoding) -> decoding.method().equals(method)).toList();
		}

		@Override
		public ServerServiceDefinition decorate(String beanName, Object bean, ServerServiceDefinition service) {
			ServerServiceDefinition.Builder decorated = ServerServiceDefinition
				.builder(service.getServiceDescriptor().getName());
			service.getMethods().forEach((method) -> addMethod(decorated, method));
			return decorated.build();
		}

		private <Q, R> void addMethod(ServerServiceDefinition.Builder decorated, ServerMethodDefinition<Q, R> method) {
			MethodDescriptor<Q, R> descriptor = method.getMethodDescriptor();
			Marshaller<Q> requests = descriptor.getRequestMarshaller();
			decorated.addMethod(descriptor.toBuilder(new Marshaller<Q>() {

				@Override
				public InputStream stream(Q message) {
					return requests.stream(message);
				}

				@Override
				public Q parse(InputStream stream) {
					Decodings.this.all
						.add(new Decoding(descriptor.getBareMethodName(), Thread.currentThread().getName()));
					return requests.parse(stream);
				}

			}, descriptor.getResponseMarshaller()).build(), method.getServerCallHandler());
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class Routes {

		Runnable blocked = () -> {
		};

		Code<BidiStream<RouteNote, RouteNote>> chat = (notes) -> {
			for (RouteNote note : notes) {
				notes.send(note(Integer.toString(note.getText().length())));
			}
		};

		Feature getFeature(Point point) {
			this.blocked.run();
			return Feature.getDefaultInstance();
		}

		void listFeatures(Rectangle area, ServerStream<Feature> features) {
			this.blocked.run();
		}

		RouteSummary recordRoute(ClientStream<Point> points) {
			this.blocked.run();
			return RouteSummary.newBuilder().setPoints((int) points.stream().count()).build();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) throws Throwable {
			this.chat.run(notes);
		}

	}

}
