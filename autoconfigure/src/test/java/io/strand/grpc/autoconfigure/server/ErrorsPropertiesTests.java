package io.strand.grpc.autoconfigure.server;

import java.util.concurrent.TimeoutException;

import io.grpc.CallOptions;
import io.grpc.Status;
import io.strand.grpc.service.advice.CommonExceptionMapper;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;
import io.strand.grpc.service.advice.GrpcExceptionMapper;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the default mapping of exceptions, and how it is replaced.
 */
@ExtendWith(LeakCheckExtension.class)
class ErrorsPropertiesTests {

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withBean(EchoHandlers.class, () -> new EchoHandlers()
			.unary((request, responses) -> responses.onError(new TimeoutException("secret"))));

	@Test
	void commonExceptionsAreMapped() {
		this.runner.run((context) -> assertThat(code(context)).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
	}

	@Test
	void adviceGoesBeforeTheDefaultMapping() {
		this.runner.withBean(CatchAll.class)
			.run((context) -> assertThat(code(context)).isEqualTo(Status.Code.INTERNAL));
	}

	@Test
	void defaultMappingIsTurnedOff() {
		this.runner.withPropertyValues("strand.server.errors.default-mapping=false").run((context) -> {
			assertThat(context).doesNotHaveBean(GrpcExceptionMapper.class);
			assertThat(code(context)).isEqualTo(Status.Code.UNKNOWN);
		});
	}

	@Test
	void ownMapperReplacesTheDefaultOne() {
		this.runner.withBean(GrpcExceptionMapper.class, () -> (exception, call) -> Status.DATA_LOSS.asException())
			.run((context) -> {
				assertThat(context).doesNotHaveBean(CommonExceptionMapper.class);
				assertThat(code(context)).isEqualTo(Status.Code.DATA_LOSS);
			});
	}

	@Test
	void serverStartsWithoutTheOptionalLibraries() {
		this.runner
			.withClassLoader(new FilteredClassLoader("org.springframework.security", "jakarta.validation",
					"org.springframework.dao", "org.springframework.transaction", "build.buf", "org.slf4j.MDC",
					"io.micrometer"))
			.run((context) -> assertThat(code(context)).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
	}

	private static Status.Code code(AssertableApplicationContext context) {
		try (TestClient client = ServerContext.client(context)) {
			return Outcome
				.of(client.channel(), EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT, Message.getDefaultInstance())
				.status()
				.getCode();
		}
	}

	@GrpcAdvice
	static class CatchAll {

		@GrpcExceptionHandler
		Status any(Exception exception) {
			return Status.INTERNAL;
		}

	}

}
