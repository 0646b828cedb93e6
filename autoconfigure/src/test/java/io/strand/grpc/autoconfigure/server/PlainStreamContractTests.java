package io.strand.grpc.autoconfigure.server;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.ConcurrentStreamUseException;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.call.LiveCall.State;
import io.strand.grpc.call.Threading;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.Receiving;
import io.strand.grpc.stream.ServerStream;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

/**
 * The guarantees on streams, S1 to S9, held against plain methods of an application.
 */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
@DisplayName("Streams of plain methods")
class PlainStreamContractTests {

	private static final String LARGE = "x".repeat(16 * 1024);

	/** The client's window of 1 MiB and 32 KiB of queue, and as much again. */
	private static final int MOST_BUFFERED = 2 * (1024 + 32) / 16;

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final Routes routes = new Routes();

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(Routes.class, () -> this.routes)
		.withBean(Advice.class);

	@AfterEach
	void stop() {
		this.threads.shutdownNow();
	}

	@Test
	@DisplayName("S1: one thread sends while another receives")
	void s1OneThreadSendsWhileAnotherReceives() {
		int count = 2_000;
		AtomicInteger received = new AtomicInteger();
		this.routes.chat = (stream) -> {
			Receiving receiving = stream.receiveEach((note) -> received.incrementAndGet());
			send(stream, count);
			receiving.join();
		};
		run((test) -> {
			Client<RouteNote, RouteNote> client = test.chat();
			client.call.request(count);
			for (int i = 0; i < count; i++) {
				client.call.sendMessage(note(i));
			}
			client.call.halfClose();
			assertThat(client.status()).isEqualTo(Status.Code.OK);
			assertThat(received).hasValue(count);
			assertThat(client.messages).isEqualTo(IntStream.range(0, count).mapToObj((i) -> note(i)).toList());
		});
	}

	@Test
	@DisplayName("S2: 32 threads send on one stream, and all messages arrive in each one's order")
	void s2ManyThreadsSend() {
		int senders = 32;
		int each = 1_000;
		this.routes.list = (responses) -> ConcurrentRun.of(senders, (index) -> {
			for (int i = 0; i < each; i++) {
				responses.send(feature(index * each + i));
			}
		}).join(Duration.ofSeconds(20));
		run((test) -> {
			int[] next = new int[senders];
			AtomicInteger disorder = new AtomicInteger();
			Client<Rectangle, Feature> client = test.list((feature) -> {
				int number = Integer.parseInt(feature.getName());
				disorder.addAndGet((next[number / each]++ != number % each) ? 1 : 0);
			});
			client.call.request(senders * each);
			assertThat(client.status()).isEqualTo(Status.Code.OK);
			assertThat(next).containsOnly(each);
			assertThat(disorder).hasValue(0);
		});
	}

	@Test
	@DisplayName("S3, S4: the second sender and the second receiver are told, if that is configured")
	void s3SecondUserIsTold() {
		CompletableFuture<Throwable> sender = new CompletableFuture<>();
		CompletableFuture<Throwable> receiver = new CompletableFuture<>();
		AtomicReference<CallEngine> engine = new AtomicReference<>();
		this.routes.chat = (stream) -> {
			this.threads.execute(() -> {
				awaitState(engine.get(), State.WAITING_FOR_MESSAGE);
				receiver.complete(catchThrowable(stream::receive));
			});
			stream.receive();
			this.threads.execute(() -> {
				awaitState(engine.get(), State.BLOCKED_SENDING);
				sender.complete(catchThrowable(() -> stream.send(note(1))));
			});
			while (!sender.isDone()) {
				stream.send(large());
			}
		};
		run((test) -> {
			engine.set(test.engine);
			Client<RouteNote, RouteNote> client = test.chat();
			assertThat(receiver.get(10, TimeUnit.SECONDS)).isInstanceOf(ConcurrentStreamUseException.class);
			client.call.sendMessage(note(0));
			assertThat(sender.get(10, TimeUnit.SECONDS)).isInstanceOf(ConcurrentStreamUseException.class);
			client.call.request(10_000);
			assertThat(client.status()).isEqualTo(Status.Code.OK);
		}, "strand.server.streams.concurrent-send=fail");
	}

	@Test
	@DisplayName("S4: many threads receive on one stream, and each message goes to exactly one of them")
	void s4EachMessageGoesToOneReceiver() {
		int count = 2_000;
		AtomicIntegerArray times = new AtomicIntegerArray(count);
		this.routes.record = (points) -> ConcurrentRun.of(8, (index) -> {
			for (Point point : points) {
				times.incrementAndGet(point.getLatitude());
			}
		}).join(Duration.ofSeconds(20));
		run((test) -> {
			Client<Point, RouteSummary> client = test.record();
			client.call.request(1);
			for (int i = 0; i < count; i++) {
				client.call.sendMessage(Point.newBuilder().setLatitude(i).build());
			}
			client.call.halfClose();
			assertThat(client.status()).isEqualTo(Status.Code.OK);
			assertThat(IntStream.range(0, count).map(times::get)).containsOnly(1);
		});
	}

	@Test
	@DisplayName("S5: a send blocks while the client does not read, others are answered")
	void s5SendBlocksWhileTheClientDoesNotRead() {
		int count = 500;
		AtomicInteger sent = new AtomicInteger();
		this.routes.chat = (stream) -> {
			for (int i = 0; i < count; i++) {
				stream.send(large());
				sent.incrementAndGet();
			}
		};
		run((test) -> {
			Client<RouteNote, RouteNote> client = test.chat();
			client.call.request(1);
			awaitState(test.engine, State.BLOCKED_SENDING);
			assertThat(sent).hasValueLessThanOrEqualTo(MOST_BUFFERED);
			Client<Point, RouteSummary> other = test.record();
			other.call.request(1);
			other.call.halfClose();
			assertThat(other.status()).isEqualTo(Status.Code.OK);
			assertThat(sent).hasValueLessThanOrEqualTo(MOST_BUFFERED);
			client.call.request(count);
			assertThat(client.status()).isEqualTo(Status.Code.OK);
			assertThat(client.messages).hasSize(count);
		});
	}

	enum Blocked {

		RECEIVE, SEND, SLEEP

	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("S6: a cancel ends what blocks the method, and is not mapped as a failure")
	void s6CancelEndsTheMethod(Blocked blocked) {
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		CountDownLatch entered = new CountDownLatch(1);
		this.routes.chat = (stream) -> {
			entered.countDown();
			Throwable ex = catchThrowable(() -> {
				switch (blocked) {
					case RECEIVE -> stream.receive();
					case SEND -> sendLarge(stream);
					case SLEEP -> TimeUnit.SECONDS.sleep(30);
				}
			});
			thrown.complete(ex);
			throw ex;
		};
		run((test) -> {
			Client<RouteNote, RouteNote> client = test.chat();
			assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
			if (blocked != Blocked.SLEEP) {
				awaitState(test.engine,
						(blocked == Blocked.RECEIVE) ? State.WAITING_FOR_MESSAGE : State.BLOCKED_SENDING);
			}
			client.call.cancel("The test cancels", null);
			Throwable ex = thrown.get(10, TimeUnit.SECONDS);
			if (blocked == Blocked.SLEEP) {
				assertThat(ex).isInstanceOf(InterruptedException.class);
			}
			else {
				assertThat(ex).isInstanceOfSatisfying(StatusRuntimeException.class,
						(status) -> assertThat(status.getStatus().getCode()).isEqualTo(Status.Code.CANCELLED));
			}
		});
	}

	@Test
	@DisplayName("S7: a method on the event loop is told that it cannot wait there")
	void s7EventLoopDoesNotWait() {
		CompletableFuture<Throwable> thrown = new CompletableFuture<>();
		this.routes.chat = (stream) -> thrown.complete(catchThrowable(stream::receive));
		// That properties say so is told when the application starts
		HandlerSettings settings = new HandlerSettings(Threading.EVENT_LOOP, true, ConcurrentSend.SERIALIZE, null,
				HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(), Duration.ZERO);
		run(this.runner.withBean(CallEngine.class, () -> new CallEngine((method) -> settings, true, 10)), (test) -> {
			Client<RouteNote, RouteNote> client = test.chat();
			assertThat(thrown.get(10, TimeUnit.SECONDS)).isInstanceOf(IllegalStateException.class)
				.hasMessageContaining("cannot receive on strand.testing.Routes/RouteChat");
			assertThat(client.status()).isEqualTo(Status.Code.OK);
		});
	}

	@Test
	@DisplayName("S7: what a method on the event loop sends to a slow client is queued, then refused")
	void s7EventLoopQueuesAndIsRefused() {
		AtomicInteger sent = new AtomicInteger();
		AtomicInteger read = new AtomicInteger();
		CompletableFuture<Throwable> refused = new CompletableFuture<>();
		Feature large = Feature.newBuilder().setName(LARGE).build();
		this.routes.list = (responses) -> refused.complete(catchThrowable(() -> {
			while (true) {
				responses.send(large);
				sent.incrementAndGet();
			}
		}));
		run((test) -> {
			Client<Rectangle, Feature> client = test.list((feature) -> read.incrementAndGet());
			assertThat(Status.fromThrowable(refused.get(10, TimeUnit.SECONDS)).getCode())
				.isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
			assertThat(sent).hasValueBetween(HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE,
					HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE + MOST_BUFFERED);
			// The loop serves others
			Client<Point, RouteSummary> other = test.record();
			other.call.request(1);
			other.call.halfClose();
			assertThat(other.status()).isEqualTo(Status.Code.OK);
			client.call.request(10_000);
			assertThat(client.status()).isEqualTo(Status.Code.OK);
			assertThat(read).hasValue(sent.get());
		}, "strand.server.methods[strand.testing.Routes/ListFeatures].threading=event-loop");
	}

	@Test
	@DisplayName("S8: streams that are kept for later have ended with their methods, also with those that fail")
	void s8StreamsEndWithTheirMethods() {
		AtomicReference<BidiStream<RouteNote, RouteNote>> kept = new AtomicReference<>();
		AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
		this.routes.chat = (stream) -> {
			kept.set(stream);
			stream.send(note(1));
			RuntimeException ex = failure.get();
			if (ex != null) {
				throw ex;
			}
		};
		run((test) -> {
			for (Status.Code expected : List.of(Status.Code.OK, Status.Code.ABORTED)) {
				Client<RouteNote, RouteNote> client = test.chat();
				client.call.request(2);
				assertThat(client.status()).isEqualTo(expected);
				assertThat(client.messages).containsExactly(note(1));
				assertThat(catchThrowable(() -> kept.get().send(note(2)))).isInstanceOf(IllegalStateException.class);
				assertThat(Status.fromThrowable(catchThrowable(() -> kept.get().receive())).getCode())
					.isEqualTo(Status.Code.CANCELLED);
				failure.set(new Boom());
			}
		});
	}

	@Test
	@DisplayName("S9: what was written before a message was sent is visible to who receives it")
	void s9WhatWasWrittenBeforeIsVisible() {
		int count = 2_000;
		int[] request = new int[count];
		int[] response = new int[count];
		AtomicInteger wrong = new AtomicInteger();
		this.routes.chat = (stream) -> stream.receiveEach((note) -> {
			int number = Integer.parseInt(note.getText());
			wrong.addAndGet((request[number] != number + 1) ? 1 : 0);
			response[number] = number + 2;
			stream.send(note);
		}).join();
		run((test) -> {
			Client<RouteNote, RouteNote> client = test.chat((note) -> {
				int number = Integer.parseInt(note.getText());
				wrong.addAndGet((response[number] != number + 2) ? 1 : 0);
			});
			client.call.request(count);
			for (int i = 0; i < count; i++) {
				request[i] = i + 1;
				client.call.sendMessage(note(i));
			}
			client.call.halfClose();
			assertThat(client.status()).isEqualTo(Status.Code.OK);
			assertThat(wrong).hasValue(0);
		});
	}

	private void run(TestBody body, String... properties) {
		run(this.runner.withPropertyValues(properties), body);
	}

	private static void run(ApplicationContextRunner runner, TestBody body) {
		runner.run((context) -> {
			CallEngine engine = context.getBean(CallEngine.class);
			try (TestClient client = ServerContext.client(context)) {
				body.run(new Connected(client.channel(), engine));
				await().pollInterval(Duration.ofMillis(5)).until(() -> engine.liveCalls().isEmpty());
			}
		});
	}

	/**
	 * Waits until a call is in a state and stays in it: as long as the windows of the
	 * connection fill, a sender waits for moments only.
	 */
	private static void awaitState(CallEngine engine, State state) {
		await().pollDelay(Duration.ZERO)
			.pollInterval(Duration.ofMillis(5))
			.during(Duration.ofMillis(100))
			.until(() -> engine.liveCalls().stream().anyMatch((call) -> call.state() == state));
	}

	private static void sendLarge(ServerStream<RouteNote> stream) {
		while (true) {
			stream.send(large());
		}
	}

	private static void send(ServerStream<RouteNote> stream, int count) {
		for (int i = 0; i < count; i++) {
			stream.send(note(i));
		}
	}

	private static RouteNote note(int number) {
		return RouteNote.newBuilder().setText(Integer.toString(number)).build();
	}

	private static RouteNote large() {
		return RouteNote.newBuilder().setText(LARGE).build();
	}

	private static Feature feature(int number) {
		return Feature.newBuilder().setName(Integer.toString(number)).build();
	}

	interface TestBody {

		void run(Connected test) throws Exception;

	}

	interface Code<S> {

		void run(S stream) throws Throwable;

	}

	record Connected(ManagedChannel channel, CallEngine engine) {

		Client<RouteNote, RouteNote> chat() {
			return chat(null);
		}

		Client<RouteNote, RouteNote> chat(@Nullable Consumer<RouteNote> consumer) {
			return new Client<>(this.channel.newCall(RoutesGrpc.getRouteChatMethod(), soon()), consumer);
		}

		Client<Point, RouteSummary> record() {
			return new Client<>(this.channel.newCall(RoutesGrpc.getRecordRouteMethod(), soon()), null);
		}

		Client<Rectangle, Feature> list(Consumer<Feature> consumer) {
			Client<Rectangle, Feature> client = new Client<>(
					this.channel.newCall(RoutesGrpc.getListFeaturesMethod(), soon()), consumer);
			client.call.sendMessage(Rectangle.getDefaultInstance());
			client.call.halfClose();
			return client;
		}

		private static CallOptions soon() {
			return CallOptions.DEFAULT.withDeadlineAfter(50, TimeUnit.SECONDS);
		}

	}

	/** Reads as much as it is told to. */
	static final class Client<Q, R> extends ClientCall.Listener<R> {

		private final ClientCall<Q, R> call;

		private final @Nullable Consumer<R> consumer;

		private final List<R> messages = new CopyOnWriteArrayList<>();

		private final CompletableFuture<Status> status = new CompletableFuture<>();

		Client(ClientCall<Q, R> call, @Nullable Consumer<R> consumer) {
			this.call = call;
			this.consumer = consumer;
			call.start(this, new Metadata());
		}

		@Override
		public void onMessage(R message) {
			if (this.consumer != null) {
				this.consumer.accept(message);
			}
			else {
				this.messages.add(message);
			}
		}

		@Override
		public void onClose(Status end, Metadata trailers) {
			this.status.complete(end);
		}

		Status.Code status() throws Exception {
			return this.status.get(30, TimeUnit.SECONDS).getCode();
		}

	}

	static class Boom extends RuntimeException {

		private static final long serialVersionUID = 1L;

	}

	@GrpcAdvice
	static class Advice {

		@GrpcExceptionHandler
		Status boom(Boom exception) {
			return Status.ABORTED;
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class Routes {

		Code<BidiStream<RouteNote, RouteNote>> chat = (stream) -> {
		};

		Code<ClientStream<Point>> record = (points) -> {
		};

		Code<ServerStream<Feature>> list = (responses) -> {
		};

		Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

		void listFeatures(Rectangle area, ServerStream<Feature> features) throws Throwable {
			this.list.run(features);
		}

		RouteSummary recordRoute(ClientStream<Point> points) throws Throwable {
			this.record.run(points);
			return RouteSummary.getDefaultInstance();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) throws Throwable {
			this.chat.run(notes);
		}

	}

}
