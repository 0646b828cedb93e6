package io.strand.grpc.autoconfigure.client;

import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.CounterGrpc.CounterBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoFutureStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.annotation.DirtiesContext.ClassMode;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A test may ask for stubs that no bean of the application asks for.
 */
@ExtendWith(LeakCheckExtension.class)
@SpringBootTest(properties = { "strand.server.port=0", "strand.client.channels.counter.target=in-process:nobody" })
@DirtiesContext(classMode = ClassMode.AFTER_EACH_TEST_METHOD)
class StubsInSpringBootTestTests {

	@Autowired
	private EchoBlockingStub field;

	private final EchoBlockingStub byConstructor;

	private final CounterBlockingStub counter;

	@Autowired
	StubsInSpringBootTestTests(EchoBlockingStub byConstructor, CounterBlockingStub counter) {
		this.byConstructor = byConstructor;
		this.counter = counter;
	}

	@Test
	void stubsAreInjectedIntoFieldsAndConstructorsOfATest(@Autowired GrpcChannels channels) {
		assertThat(this.field).isSameAs(this.byConstructor);
		assertThat(this.counter.getChannel()).isSameAs(channels.channel("counter"));
	}

	@Test
	void stubsAreInjectedIntoParametersOfATestAndCallTheApplication(@Autowired EchoFutureStub stub) throws Exception {
		Message message = Message.newBuilder().setText("hello").build();
		assertThat(stub.unary(message).get()).isEqualTo(message);
		assertThat(this.field.unary(message)).isEqualTo(message);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

	}

}
