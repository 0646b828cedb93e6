package io.strand.grpc.autoconfigure.security;

import java.security.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status.Code;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.CallThreadHook;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.BlockingStreams;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.concurrent.DelegatingSecurityContextExecutor;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextImpl;

import static io.strand.grpc.autoconfigure.security.SecuredContext.basic;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests that a call's identity is there on its thread whenever something of the call
 * runs, and nowhere else.
 */
@ExtendWith(LeakCheckExtension.class)
class SecurityContextTests {

	private final ApplicationContextRunner runner = SecuredContext
		.withPolicy(SecuredContext.runner(),
				(grpc) -> grpc.authorizeCalls((calls) -> calls.anyCall().permitAll()).build())
		.withBean(AuthenticationManager.class, () -> SecurityContextTests::authenticate)
		.withBean(Outermost.class)
		.withBean(ThreadWatch.class);

	private static Authentication authenticate(Authentication claimed) {
		if (!"right".equals(claimed.getCredentials())) {
			throw new BadCredentialsException("wrong");
		}
		return new TestingAuthenticationToken(claimed.getName(), "", "ROLE_ANY");
	}

	private static String caller() {
		Authentication caller = SecurityContextHolder.getContext().getAuthentication();
		return (caller != null) ? caller.getName() : "nobody at all";
	}

	private static Channel as(TestClient client, String user) {
		return user.equals("anonymousUser") ? client.channel()
				: ClientInterceptors.intercept(client.channel(), SecuredContext.with(basic(user, "right")));
	}

	private static Message text(String text) {
		return Message.newBuilder().setText(text).setNumber(3).build();
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform", "event-loop" })
	void callerIsKnownInEveryCallback(String threading) {
		this.runner.withBean(Journal.class)
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				Journal journal = context.getBean(Journal.class);
				try (TestClient client = SecuredContext.client(context)) {
					Outcome ended = Outcome.of(as(client, "ann"), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT,
							text("x"));
					assertThat(ended.status().isOk()).isTrue();
					await().untilAsserted(() -> assertThat(journal.entries).contains("start ann", "next ann",
							"completed ann", "ready ann", "close ann"));
					Outcome cancelled = Outcome.open(as(client, "bob"), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
					cancelled.call().sendMessage(text("x"));
					await().until(() -> !cancelled.messages().isEmpty());
					cancelled.cancel();
					await().untilAsserted(
							() -> assertThat(journal.entries).contains("start bob", "next bob", "cancel bob"));
				}
				assertThat(journal.entries).allMatch((entry) -> entry.endsWith(" ann") || entry.endsWith(" bob"));
				assertNothingIsLeft(context);
			});
	}

	/** Also not on the thread itself, before and after it works for a call. */
	private static void assertNothingIsLeft(ApplicationContext context) {
		assertThat(context.getBean(Outermost.class).found).containsOnly("nobody at all");
		await().until(() -> context.getBean(ThreadWatch.class).open.get() == 0);
		assertThat(context.getBean(ThreadWatch.class).found).containsOnly("nobody at all");
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform", "event-loop" })
	void whatAHandlerDoesToItsContextReachesNoOtherCall(String threading) {
		this.runner.withBean(Tampering.class)
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					for (int i = 0; i < 20; i++) {
						Outcome outcome = Outcome.of(as(client, "ann"), EchoGrpc.getClientStreamMethod(),
								CallOptions.DEFAULT, text("clear"), text("clear"), text("replace"));
						assertThat(outcome.status().isOk()).isTrue();
						assertThat(outcome.messages().get(0).getText()).isEqualTo("ann ann ann");
					}
					Outcome other = Outcome.of(client.channel(), EchoGrpc.getClientStreamMethod(), CallOptions.DEFAULT,
							text("look"));
					assertThat(other.status().isOk()).isTrue();
					assertThat(other.messages().get(0).getText()).isEqualTo("anonymousUser");
				}
				assertNothingIsLeft(context);
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform", "event-loop" })
	void identityNeverReachesAnotherCall(String threading) {
		this.runner.withBean(Suspicious.class)
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				Suspicious service = context.getBean(Suspicious.class);
				AtomicInteger refused = new AtomicInteger();
				AtomicInteger cancelled = new AtomicInteger();
				try (TestClient one = SecuredContext.client(context); TestClient two = SecuredContext.client(context)) {
					ConcurrentRun.of(12, (thread) -> {
						for (int round = 0; round < 10; round++) {
							mixedCalls((thread % 2 == 0) ? one : two, thread, round, refused, cancelled);
						}
					}).join(Duration.ofSeconds(60));
					await().untilAsserted(() -> assertThat(service.cancelled.get()).isEqualTo(cancelled.get()));
				}
				assertThat(refused.get()).isEqualTo(120);
				assertThat(cancelled.get()).isEqualTo(240);
				assertThat(service.strangers).isEmpty();
				assertThat(service.looks.get()).isGreaterThan(4000);
				assertNothingIsLeft(context);
			});
	}

	/** Ten calls at the same time. */
	private static void mixedCalls(TestClient client, int thread, int round, AtomicInteger refused,
			AtomicInteger cancelled) {
		List<Outcome> open = new ArrayList<>();
		List<Outcome> running = new ArrayList<>();
		List<MethodDescriptor<Message, Message>> methods = List.of(EchoGrpc.getUnaryMethod(),
				EchoGrpc.getServerStreamMethod(), EchoGrpc.getClientStreamMethod(), EchoGrpc.getBidiMethod(),
				EchoGrpc.getUnaryMethod(), EchoGrpc.getClientStreamMethod());
		for (int i = 0; i < methods.size(); i++) {
			String user = "user-%d-%d-%d".formatted(thread, round, i);
			Message request = text(user);
			Message[] requests = (methods.get(i).getType().clientSendsOneMessage()) ? new Message[] { request }
					: new Message[] { request, request, request };
			running.add(Outcome.of(as(client, user), methods.get(i), CallOptions.DEFAULT, requests));
		}
		for (int i = 0; i < 2; i++) {
			String user = "leaver-%d-%d-%d".formatted(thread, round, i);
			Outcome outcome = Outcome.open(as(client, user), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT);
			outcome.call().sendMessage(text(user));
			open.add(outcome);
		}
		running.add(Outcome.of(client.channel(), EchoGrpc.getServerStreamMethod(), CallOptions.DEFAULT,
				text("anonymousUser")));
		Outcome wrong = SecuredContext.call(client, basic("user", "wrong"));
		assertThat(wrong.status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
		refused.incrementAndGet();
		for (Outcome outcome : open) {
			await().until(() -> !outcome.messages().isEmpty());
			outcome.cancel();
			cancelled.incrementAndGet();
		}
		assertThat(running).allMatch((outcome) -> outcome.status().isOk());
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	void identityStaysWithMethodsThatWaitForMessages(String threading) {
		this.runner.withBean(Talking.class)
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					ConcurrentRun.of(8, (thread) -> {
						for (int i = 0; i < 20; i++) {
							String user = "user-%d-%d".formatted(thread, i);
							BlockingClientCall<RouteNote, RouteNote> chat = RoutesGrpc
								.newBlockingV2Stub(as(client, user))
								.withDeadlineAfter(20, TimeUnit.SECONDS)
								.routeChat();
							for (int note = 0; note < 3; note++) {
								chat.write(RouteNote.newBuilder().setText(user).build());
								assertThat(chat.read()).extracting(RouteNote::getText).isEqualTo(user);
							}
							if (i % 2 == 0) {
								chat.halfClose();
								assertThat(chat.read()).isNull();
							}
							else {
								chat.cancel("The test has seen enough", null);
							}
						}
					}).join(Duration.ofSeconds(60));
				}
				await().until(() -> context.getBean(Talking.class).ended.get() == 160);
				assertThat(context.getBean(Talking.class).strangers).isEmpty();
				assertNothingIsLeft(context);
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform" })
	void threadThatReceivesForAMethodKnowsItsCaller(String threading) {
		this.runner.withBean(Receiving.class)
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					for (String user : List.of("ann", "bob", "anonymousUser")) {
						Outcome outcome = Outcome.of(as(client, user), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT,
								text("x"), text("y"));
						assertThat(outcome.status().isOk()).isTrue();
						assertThat(outcome.messages()).extracting(Message::getText).containsExactly(user, user);
					}
				}
				assertNothingIsLeft(context);
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "nothing.is.missing", "io.micrometer.context" })
	void threadsThatAHandlerStartsKnowTheCallerWhenTheyAreToldTo(String missing) {
		this.runner.withBean(Starter.class)
			.withClassLoader(new FilteredClassLoader(missing))
			.withConfiguration(AutoConfigurations.of(TaskExecutionAutoConfiguration.class))
			.withPropertyValues("spring.task.execution.propagate-context=true")
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					for (String user : List.of("ann", "bob", "anonymousUser")) {
						Outcome outcome = Outcome.of(as(client, user), EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT,
								text("x"));
						assertThat(outcome.status().isOk()).isTrue();
						assertThat(outcome.messages().get(0).getText())
							.isEqualTo("propagated %s, delegated %s, plain nobody at all", user, user);
					}
				}
			});
	}

	/** What is there before anything of Strand's security has run. */
	@GrpcGlobalServerInterceptor
	@Order(Ordered.HIGHEST_PRECEDENCE)
	static class Outermost implements ServerInterceptor {

		final Queue<String> found = new ConcurrentLinkedQueue<>();

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			this.found.add(caller());
			return next.startCall(call, headers);
		}

	}

	/** What a thread has when it takes up a call, and when it has laid it down. */
	@Order(Ordered.HIGHEST_PRECEDENCE)
	static class ThreadWatch implements CallThreadHook {

		final Queue<String> found = new ConcurrentLinkedQueue<>();

		final AtomicInteger open = new AtomicInteger();

		@Override
		public Work of(LiveCall call) {
			return new Work() {

				@Override
				public void begin() {
					ThreadWatch.this.open.incrementAndGet();
					ThreadWatch.this.found.add(caller());
				}

				@Override
				public void end() {
					ThreadWatch.this.found.add(caller());
					ThreadWatch.this.open.decrementAndGet();
				}

			};
		}

	}

	static class Journal extends EchoService {

		final List<String> entries = new CopyOnWriteArrayList<>();

		private void enter(String what) {
			this.entries.add(what + " " + caller());
		}

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			enter("start");
			ServerCallStreamObserver<Message> observer = (ServerCallStreamObserver<Message>) responses;
			observer.setOnReadyHandler(() -> enter("ready"));
			observer.setOnCancelHandler(() -> enter("cancel"));
			observer.setOnCloseHandler(() -> enter("close"));
			return new StreamObserver<>() {

				@Override
				public void onNext(Message request) {
					enter("next");
					responses.onNext(request);
				}

				@Override
				public void onError(Throwable ex) {
					enter("error");
				}

				@Override
				public void onCompleted() {
					enter("completed");
					responses.onCompleted();
				}

			};
		}

	}

	/** Clears or replaces the context of its thread. */
	static class Tampering extends EchoService {

		@Override
		public StreamObserver<Message> clientStream(StreamObserver<Message> responses) {
			List<String> callers = new ArrayList<>();
			return new StreamObserver<>() {

				@Override
				public void onNext(Message request) {
					callers.add(caller());
					if (request.getText().equals("clear")) {
						SecurityContextHolder.clearContext();
					}
					else if (request.getText().equals("replace")) {
						SecurityContextHolder
							.setContext(new SecurityContextImpl(new TestingAuthenticationToken("somebody else", "")));
					}
				}

				@Override
				public void onError(Throwable ex) {
					callers.clear();
				}

				@Override
				public void onCompleted() {
					responses.onNext(text(String.join(" ", callers)));
					responses.onCompleted();
				}

			};
		}

	}

	/** Compares the caller with who the request says it is, wherever it can. */
	static class Suspicious extends EchoService {

		final Queue<String> strangers = new ConcurrentLinkedQueue<>();

		final AtomicInteger looks = new AtomicInteger();

		final AtomicInteger cancelled = new AtomicInteger();

		private void look(String expected) {
			this.looks.incrementAndGet();
			String found = caller();
			if (!found.equals(expected)) {
				this.strangers.add("%s instead of %s".formatted(found, expected));
			}
			Thread.yield();
		}

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			look(request.getText());
			super.unary(request, responses);
			look(request.getText());
		}

		@Override
		public void serverStream(Message request, StreamObserver<Message> responses) {
			for (int i = 0; i < request.getNumber(); i++) {
				look(request.getText());
				responses.onNext(request);
			}
			responses.onCompleted();
			look(request.getText());
		}

		@Override
		public StreamObserver<Message> clientStream(StreamObserver<Message> responses) {
			return checked(caller(), super.clientStream(responses));
		}

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			String first = caller();
			((ServerCallStreamObserver<Message>) responses).setOnCancelHandler(() -> {
				look(first);
				this.cancelled.incrementAndGet();
			});
			return checked(first, super.bidi(responses));
		}

		private StreamObserver<Message> checked(String first, StreamObserver<Message> echo) {
			return new StreamObserver<>() {

				@Override
				public void onNext(Message request) {
					look(request.getText());
					look(first);
					echo.onNext(request);
					look(first);
				}

				@Override
				public void onError(Throwable ex) {
					look(first);
					echo.onError(ex);
				}

				@Override
				public void onCompleted() {
					look(first);
					echo.onCompleted();
					look(first);
				}

			};
		}

	}

	@GrpcService(RoutesGrpc.class)
	static class Talking {

		final Queue<String> strangers = new ConcurrentLinkedQueue<>();

		final AtomicInteger ended = new AtomicInteger();

		void routeChat(BidiStream<RouteNote, RouteNote> notes, Principal caller) {
			try {
				for (RouteNote note : notes) {
					look(note.getText(), caller);
					notes.send(note.toBuilder().setText(caller()).build());
					look(note.getText(), caller);
				}
			}
			finally {
				look(caller.getName(), caller);
				this.ended.incrementAndGet();
			}
		}

		private void look(String expected, Principal caller) {
			if (!caller().equals(expected) || !caller.getName().equals(expected)) {
				this.strangers.add("%s and %s instead of %s".formatted(caller(), caller.getName(), expected));
			}
		}

		Feature getFeature(Point point) {
			throw new UnsupportedOperationException();
		}

		List<Feature> listFeatures(Rectangle area) {
			throw new UnsupportedOperationException();
		}

		RouteSummary recordRoute(ClientStream<Point> points) {
			throw new UnsupportedOperationException();
		}

	}

	/** Answers with who calls, from the thread that receives. */
	static class Receiving extends EchoService {

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			return BlockingStreams.talk(responses,
					(stream) -> stream.receiveEach((message) -> stream.send(text(caller()))).join());
		}

	}

	/** Asks other threads who calls. */
	static class Starter extends EchoService {

		private final Executor executor;

		Starter(Executor applicationTaskExecutor) {
			this.executor = applicationTaskExecutor;
		}

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			responses.onNext(text("propagated %s, delegated %s, plain %s".formatted(on(this.executor),
					on(new DelegatingSecurityContextExecutor((task) -> new Thread(task).start())),
					on((task) -> new Thread(task).start()))));
			responses.onCompleted();
		}

		private static String on(Executor executor) {
			CountDownLatch done = new CountDownLatch(1);
			String[] found = { "not run" };
			executor.execute(() -> {
				found[0] = caller();
				done.countDown();
			});
			try {
				assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return found[0];
		}

	}

}
