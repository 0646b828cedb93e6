package io.strand.grpc.autoconfigure.client;

import com.google.common.util.concurrent.Futures;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingV2Stub;
import io.strand.grpc.testing.EchoGrpc.EchoFutureStub;
import io.strand.grpc.testing.EchoGrpc.EchoStub;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.BDDMockito;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;

/**
 * Stubs of every kind can be mocked side by side, with no channel configured for them.
 */
@ExtendWith(LeakCheckExtension.class)
@SpringBootTest
@DirtiesContext
class MockedStubKindsTests {

	private static final Message MOCKED = Message.newBuilder().setText("mocked").build();

	@MockitoBean
	private EchoBlockingStub blocking;

	@MockitoBean
	private EchoBlockingV2Stub blockingV2;

	@MockitoBean
	private EchoFutureStub future;

	@MockitoBean
	private EchoStub async;

	@Test
	void eachKindIsInjectedAndAnswersAsItIsTold(@Autowired Caller caller) throws Exception {
		BDDMockito.given(this.blocking.unary(any())).willReturn(MOCKED);
		BDDMockito.given(this.blockingV2.unary(any())).willReturn(MOCKED);
		BDDMockito.given(this.future.unary(any())).willReturn(Futures.immediateFuture(MOCKED));
		BDDMockito.willAnswer((invocation) -> {
			StreamObserver<Message> responses = invocation.getArgument(1);
			responses.onNext(MOCKED);
			return null;
		}).given(this.async).unary(any(), any());
		Message request = Message.getDefaultInstance();
		assertThat(caller.blocking.unary(request)).isEqualTo(MOCKED);
		assertThat(caller.blockingV2.unary(request)).isEqualTo(MOCKED);
		assertThat(caller.future.unary(request).get()).isEqualTo(MOCKED);
		Message[] answer = new Message[1];
		caller.async.unary(request, new StreamObserver<>() {

			@Override
			public void onNext(Message response) {
				answer[0] = response;
			}

			@Override
			public void onError(Throwable ex) {
			}

			@Override
			public void onCompleted() {
			}

		});
		assertThat(answer).containsExactly(MOCKED);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@Import(Caller.class)
	static class Application {

	}

	record Caller(EchoBlockingStub blocking, EchoBlockingV2Stub blockingV2, EchoFutureStub future, EchoStub async) {

	}

}
