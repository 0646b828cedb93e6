package io.strand.grpc.autoconfigure.security;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;

import static io.strand.grpc.autoconfigure.security.SecuredContext.basic;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for handlers that refuse by {@code onError}: what the client is told depends on
 * who calls, not on the thread that says it.
 */
@ExtendWith(LeakCheckExtension.class)
class LateRefusalTests {

	private final ApplicationContextRunner runner = SecuredContext
		.withPolicy(SecuredContext.runner(),
				(grpc) -> grpc.httpBasic().authorizeCalls((calls) -> calls.anyCall().permitAll()).build())
		.withUserConfiguration(SecuredContext.Users.class);

	@ParameterizedTest
	@CsvSource({ "auto, CALLS_OWN", "auto, BARE", "auto, WITH_CONTEXT_OF_CALL", "auto, SOMEBODY_ELSES",
			"platform, CALLS_OWN", "platform, BARE", "event-loop, CALLS_OWN", "event-loop, BARE" })
	void callerIsTheOneWhoIsRefused(String threading, On thread) {
		this.runner.withBean(Refusing.class, () -> new Refusing(thread))
			.withPropertyValues("strand.server.handler.threading=" + threading)
			.run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					for (var method : List.of(EchoGrpc.getUnaryMethod(), EchoGrpc.getBidiMethod())) {
						Outcome denied = SecuredContext.call(client, method, basic("ann", "secret"));
						assertThat(denied.status().getCode()).isEqualTo(Code.PERMISSION_DENIED);
						assertThat(denied.status().getDescription()).isEqualTo("Access denied");
						assertThat(SecuredContext.call(client, method).status().getCode())
							.isEqualTo(Code.UNAUTHENTICATED);
					}
				}
			});
	}

	@ParameterizedTest
	@EnumSource
	void adviceKnowsTheCallerOnAnyThread(On thread) {
		this.runner.withBean(Refusing.class, () -> new Refusing(thread)).withBean(Naming.class).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(SecuredContext.call(client, basic("ann", "secret")).status().getDescription())
					.isEqualTo("not for ann");
				assertThat(SecuredContext.call(client).status().getDescription()).isEqualTo("not for anonymousUser");
			}
		});
	}

	enum On {

		CALLS_OWN(Runnable::run),

		BARE((task) -> run(task)),

		WITH_CONTEXT_OF_CALL((task) -> run(Context.current().wrap(task))),

		SOMEBODY_ELSES((task) -> run(() -> {
			Authentication own = new TestingAuthenticationToken("the thread's own", "", "ROLE_ANY");
			SecurityContextHolder.getContext().setAuthentication(own);
			task.run();
			assertThat(SecurityContextHolder.getContext().getAuthentication()).isSameAs(own);
		}));

		private final Consumer<Runnable> runner;

		On(Consumer<Runnable> runner) {
			this.runner = runner;
		}

		private static void run(Runnable task) {
			CountDownLatch done = new CountDownLatch(1);
			Throwable[] failure = new Throwable[1];
			new Thread(() -> {
				try {
					task.run();
				}
				catch (Throwable ex) {
					failure[0] = ex;
				}
				finally {
					done.countDown();
				}
			}, "late").start();
			try {
				assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			assertThat(failure[0]).isNull();
		}

	}

	static class Refusing extends EchoService {

		private final On thread;

		Refusing(On thread) {
			this.thread = thread;
		}

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			this.thread.runner.accept(() -> responses.onError(new AccessDeniedException("a secret")));
		}

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			unary(Message.getDefaultInstance(), responses);
			return super.bidi(responses);
		}

	}

	@GrpcAdvice
	static class Naming {

		@GrpcExceptionHandler
		Status denied(AccessDeniedException exception) {
			Authentication caller = SecurityContextHolder.getContext().getAuthentication();
			return Status.PERMISSION_DENIED.withDescription("not for " + ((caller != null) ? caller.getName() : null));
		}

	}

}
