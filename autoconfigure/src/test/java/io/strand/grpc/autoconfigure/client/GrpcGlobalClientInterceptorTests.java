package io.strand.grpc.autoconfigure.client;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.strand.grpc.client.GrpcChannelCustomizer;
import io.strand.grpc.client.GrpcGlobalClientInterceptor;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.CounterGrpc.CounterBlockingStub;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Interceptors of all channels, and customizers.
 */
@ExtendWith(LeakCheckExtension.class)
class GrpcGlobalClientInterceptorTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	@Test
	void annotatedInterceptorsRunInOrderAndOthersDoNot() {
		run((context, server) -> {
			context.getBean(Caller.class).echo.unary(MESSAGE);
			assertThat(context.getBean(Log.class).lines).containsExactly("customizer 1 default", "customizer 2 default",
					"class (1)", "method (2)", "unordered");
		}, Application.class);
	}

	@Test
	void anInterceptorMayCallThroughAStubItself() {
		run((context, server) -> {
			context.getBean(Caller.class).echo.unary(MESSAGE);
			assertThat(server.calls()).extracting(RecordingServer.RecordedCall::method)
				.containsExactly("strand.testing.Counter/Next", "strand.testing.Echo/Unary");
		}, Application.class, Authenticator.class);
	}

	private static void run(Check check, Class<?>... configuration) {
		try (RecordingServer server = RecordingServer.start(new EchoService(), new CounterService())) {
			ClientContext.runner()
				.withPropertyValues("strand.client.channels.default.target=" + server.target())
				.withUserConfiguration(configuration)
				.run((context) -> check.accept(context, server));
		}
	}

	interface Check {

		void accept(ApplicationContext context, RecordingServer server);

	}

	static class Log {

		final List<String> lines = new CopyOnWriteArrayList<>();

	}

	static class Logging implements ClientInterceptor {

		private final Log log;

		private final String name;

		Logging(Log log, String name) {
			this.log = log;
			this.name = name;
		}

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
			this.log.lines.add(this.name);
			return next.newCall(method, options);
		}

	}

	@Order(1)
	@GrpcGlobalClientInterceptor
	static class OnClass extends Logging {

		OnClass(Log log) {
			super(log, "class (1)");
		}

	}

	/**
	 * Asks another service first, as for a token.
	 */
	@GrpcGlobalClientInterceptor
	static class Authenticator implements ClientInterceptor {

		private final CounterBlockingStub tokens;

		Authenticator(CounterBlockingStub tokens) {
			this.tokens = tokens;
		}

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
			if (!method.getFullMethodName().startsWith("strand.testing.Counter/")) {
				this.tokens.next(MESSAGE);
			}
			return next.newCall(method, options);
		}

	}

	static class Caller {

		final EchoBlockingStub echo;

		Caller(EchoBlockingStub echo) {
			this.echo = echo;
		}

	}

	@Configuration(proxyBeanMethods = false)
	@Import({ Log.class, Caller.class, OnClass.class })
	static class Application {

		@Bean
		@GrpcGlobalClientInterceptor
		Logging unordered(Log log) {
			return new Logging(log, "unordered");
		}

		@Bean
		@Order(2)
		@GrpcGlobalClientInterceptor
		ClientInterceptor onMethod(Log log) {
			return new Logging(log, "method (2)");
		}

		@Bean
		Logging notGlobal(Log log) {
			return new Logging(log, "not global");
		}

		@Bean
		@Order(2)
		GrpcChannelCustomizer second(Log log) {
			return (name, builder) -> log.lines.add("customizer 2 " + name);
		}

		@Bean
		@Order(1)
		GrpcChannelCustomizer first(Log log) {
			return (name, builder) -> log.lines.add("customizer 1 " + name);
		}

	}

}
