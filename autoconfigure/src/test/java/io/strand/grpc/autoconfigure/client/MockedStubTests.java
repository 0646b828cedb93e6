package io.strand.grpc.autoconfigure.client;

import io.strand.grpc.client.GrpcChannels;
import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoGrpc.EchoStub;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.StockGrpc.StockBlockingStub;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.BDDMockito;
import org.mockito.Mockito;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.annotation.DirtiesContext.ClassMode;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;

/**
 * {@link MockitoBean} takes the place of a stub in the application's beans.
 */
@ExtendWith(LeakCheckExtension.class)
@SpringBootTest(properties = { "strand.client.channels.default.target=in-process:nobody",
		"strand.client.channels.eu.target=in-process:eu" })
@DirtiesContext(classMode = ClassMode.AFTER_EACH_TEST_METHOD)
class MockedStubTests {

	@MockitoBean
	private EchoBlockingStub echo;

	@MockitoBean
	private EchoStub async;

	@MockitoBean
	@GrpcClient("eu")
	private StockBlockingStub euStock;

	@Test
	void aMockIsInjectedInsteadOfTheStub(@Autowired Caller caller) {
		BDDMockito.given(this.echo.unary(any())).willReturn(Message.newBuilder().setText("mocked").build());
		assertThat(caller.echo).isSameAs(this.echo);
		assertThat(caller.echo.unary(Message.getDefaultInstance()).getText()).isEqualTo("mocked");
		assertThat(caller.async).isSameAs(this.async);
		assertThat(Mockito.mockingDetails(caller.async).isMock()).isTrue();
	}

	@Test
	void aMockOfOneChannelLeavesTheOthersAlone(@Autowired Caller caller, @Autowired GrpcChannels channels) {
		assertThat(caller.euStock).isSameAs(this.euStock);
		assertThat(caller.stock.getChannel()).isSameAs(channels.channel("default"));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@Import(Caller.class)
	static class Application {

	}

	static class Caller {

		final EchoBlockingStub echo;

		final EchoStub async;

		final StockBlockingStub stock;

		final StockBlockingStub euStock;

		Caller(EchoBlockingStub echo, EchoStub async, StockBlockingStub stock,
				@GrpcClient("eu") StockBlockingStub euStock) {
			this.echo = echo;
			this.async = async;
			this.stock = stock;
			this.euStock = euStock;
		}

	}

}
