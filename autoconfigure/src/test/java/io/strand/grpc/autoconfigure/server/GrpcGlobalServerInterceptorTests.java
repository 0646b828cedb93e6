package io.strand.grpc.autoconfigure.server;

import io.grpc.ServerInterceptor;
import io.strand.grpc.autoconfigure.server.RecordingInterceptor.Journal;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link GrpcGlobalServerInterceptor}.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcGlobalServerInterceptorTests {

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(Journal.class)
		.withBean(EchoService.class)
		.withBean(CounterService.class);

	@Test
	void lowestOrderIsOutermostWhereverTheOrderStands() {
		this.runner.withUserConfiguration(Interceptors.class).withBean(OnClass.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				client.echo("hello");
			}
			assertThat(context.getBean(Journal.class).takeAll()).containsExactly("method 1", "class 2", "method 3",
					"ordered 4", "none");
		});
	}

	@Test
	void everyServiceIsIntercepted() {
		this.runner.withBean(OnClass.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				client.echo("hello");
				client.counter().next(Message.getDefaultInstance());
			}
			assertThat(context.getBean(Journal.class).takeAll()).containsExactly("class 2", "class 2");
		});
	}

	@Test
	void annotationOnWhatIsNoInterceptorFailsAndNamesTheBean() {
		this.runner.withBean("wrong", NotAnInterceptor.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("'wrong'")
				.hasMessageContaining(ServerInterceptor.class.getName()));
	}

	@Configuration(proxyBeanMethods = false)
	static class Interceptors {

		@Bean
		@GrpcGlobalServerInterceptor
		RecordingInterceptor none(Journal journal) {
			return new RecordingInterceptor("none", journal);
		}

		@Bean
		@GrpcGlobalServerInterceptor
		OrderedInterceptor ordered(Journal journal) {
			return new OrderedInterceptor(journal);
		}

		@Bean
		@GrpcGlobalServerInterceptor
		@Order(3)
		ServerInterceptor third(Journal journal) {
			return new RecordingInterceptor("method 3", journal);
		}

		/** The method says more of this bean than its class does. */
		@Bean
		@GrpcGlobalServerInterceptor
		@Order(1)
		LastByClass first(Journal journal) {
			return new LastByClass(journal);
		}

		@Bean
		RecordingInterceptor notAnnotated(Journal journal) {
			return new RecordingInterceptor("not annotated", journal);
		}

	}

	@GrpcGlobalServerInterceptor
	@Order(2)
	static class OnClass extends RecordingInterceptor {

		OnClass(Journal journal) {
			super("class 2", journal);
		}

	}

	@Order(100)
	static class LastByClass extends RecordingInterceptor {

		LastByClass(Journal journal) {
			super("method 1", journal);
		}

	}

	static class OrderedInterceptor extends RecordingInterceptor implements Ordered {

		OrderedInterceptor(Journal journal) {
			super("ordered 4", journal);
		}

		@Override
		public int getOrder() {
			return 4;
		}

	}

	@GrpcGlobalServerInterceptor
	static class NotAnInterceptor {

	}

}
