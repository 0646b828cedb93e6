package io.strand.grpc.security;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.BindableService;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerInterceptors;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.CallThreadHook;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.security.authentication.DefaultAuthenticationEventPublisher;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.authorization.SpringAuthorizationEventPublisher;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextImpl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link CallSecurityContext} and what sets it.
 */
@ExtendWith(LeakCheckExtension.class)
class CallSecurityContextTests {

	private final CallSecurityContext contexts = new CallSecurityContext(
			SecurityContextHolder.getContextHolderStrategy());

	private final CallThreadHook.Work one = this.contexts.of(mock(LiveCall.class));

	private final CallThreadHook.Work two = this.contexts.of(mock(LiveCall.class));

	@AfterEach
	void clear() {
		SecurityContextHolder.clearContext();
	}

	private static SecurityContext ann() {
		return new SecurityContextImpl(new TestingAuthenticationToken("ann", ""));
	}

	private static String caller() {
		return String.valueOf(SecurityContextHolder.getContext().getAuthentication());
	}

	@Test
	void identityComesBackWithItsCallAndOnlyWithIt() {
		this.one.begin();
		this.contexts.current().setAuthentication(new TestingAuthenticationToken("ann", ""));
		this.one.end();
		assertThat(caller()).isEqualTo("null");
		this.two.begin();
		assertThat(caller()).isEqualTo("null");
		this.two.end();
		this.one.begin();
		assertThat(caller()).contains("ann");
		this.one.end();
		assertThat(caller()).isEqualTo("null");
	}

	@Test
	void callInsideOfACallLeavesTheOuterOneItsIdentity() {
		SecurityContextHolder.setContext(ann());
		this.one.begin();
		SecurityContext outer = this.contexts.current();
		assertThat(caller()).isEqualTo("null");
		this.two.begin();
		assertThat(this.contexts.current()).isNotSameAs(outer);
		this.contexts.current().setAuthentication(new TestingAuthenticationToken("bob", ""));
		this.two.end();
		assertThat(this.contexts.current()).isSameAs(outer);
		this.one.end();
		assertThat(caller()).contains("ann");
	}

	@Test
	void contextOfAnotherHookIsNotTaken() {
		this.one.begin();
		CallSecurityContext another = new CallSecurityContext(SecurityContextHolder.getContextHolderStrategy());
		assertThat(another.current()).isNotSameAs(this.contexts.current());
		this.one.end();
	}

	@Test
	void callbacksOnAnyThreadHaveTheIdentityAndLeaveNone() {
		List<String> callers = new CopyOnWriteArrayList<>();
		ServerCall.Listener<String> listener = new SecuredListener<>(new ServerCall.Listener<>() {

			@Override
			public void onMessage(String message) {
				callers.add(caller());
				SecurityContextHolder.clearContext();
				throw new IllegalStateException("The handler failed");
			}

			@Override
			public void onHalfClose() {
				callers.add(caller());
			}

			@Override
			public void onReady() {
				callers.add(caller());
			}

			@Override
			public void onComplete() {
				callers.add(caller());
			}

			@Override
			public void onCancel() {
				callers.add(caller());
			}

		}, SecurityContextHolder.getContextHolderStrategy(), ann());
		ConcurrentRun.of(1, (thread) -> {
			for (Runnable callback : List.<Runnable>of(listener::onReady, () -> listener.onMessage("x"),
					listener::onHalfClose, listener::onComplete, listener::onCancel)) {
				try {
					callback.run();
				}
				catch (IllegalStateException ex) {
					// as it should
				}
				assertThat(caller()).isEqualTo("null");
			}
		}).join(Duration.ofSeconds(10));
		assertThat(callers).hasSize(5).allMatch((caller) -> caller.contains("ann"));
	}

	@Test
	void whereTheHookIsNotInstalledTheInterceptorCleansUp() throws Exception {
		DefaultListableBeanFactory beans = new DefaultListableBeanFactory();
		ApplicationEventPublisher events = (event) -> {
		};
		GrpcSecurityInterceptor interceptor = new GrpcSecurityInterceptor(
				new GrpcSecurity(beans)
					.httpBasic((claimed) -> new TestingAuthenticationToken(claimed.getName(), "", "ROLE_ANY"))
					.build(),
				this.contexts, new Refusals(new DefaultAuthenticationEventPublisher(events),
						new SpringAuthorizationEventPublisher(events), events, new PublishedFailures()),
				null);
		List<String> callers = new CopyOnWriteArrayList<>();
		BindableService service = new EchoService() {

			@Override
			public void unary(Message request, StreamObserver<Message> responses) {
				callers.add(SecurityContextHolder.getContext().getAuthentication().getName());
				super.unary(request, responses);
			}

		};
		Server server = InProcessServerBuilder.forName("no hook")
			.directExecutor()
			.addService(ServerInterceptors.intercept(service, interceptor))
			.build()
			.start();
		Metadata headers = new Metadata();
		headers.put(AuthorizationHeader.KEY, "Basic YW5uOng=");
		try (TestClient client = TestClient.inProcess("no hook")) {
			EchoGrpc
				.newBlockingStub(ClientInterceptors.intercept(client.channel(),
						MetadataUtils.newAttachHeadersInterceptor(headers)))
				.withExecutor(Runnable::run)
				.unary(Message.getDefaultInstance());
			assertThat(callers).containsExactly("ann");
			assertThat(caller()).isEqualTo("null");
		}
		finally {
			server.shutdownNow().awaitTermination();
		}
	}

}
