package io.strand.grpc.stress;

import java.util.concurrent.TimeUnit;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.autoconfigure.server.GrpcCallScopeAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The application that is attacked, with nothing configured but its port.
 */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration({ GrpcServerAutoConfiguration.class, GrpcCallScopeAutoConfiguration.class })
class AttackedApplication {

	static final String SLOW = "slow";

	public static void main(String[] arguments) {
		new SpringApplicationBuilder(AttackedApplication.class).web(WebApplicationType.NONE).run(arguments);
	}

	@Bean
	@GrpcService
	EchoGrpc.EchoImplBase echo() {
		return new EchoGrpc.EchoImplBase() {

			@Override
			public void unary(Message request, StreamObserver<Message> responses) {
				if (request.getText().equals(SLOW)) {
					sleep();
				}
				responses.onNext(request);
				responses.onCompleted();
			}

			/** Without an end. */
			@Override
			public void serverStream(Message request, StreamObserver<Message> responses) {
				Message chunk = Message.newBuilder().setPayload(ByteString.copyFrom(new byte[16 * 1024])).build();
				while (true) {
					responses.onNext(chunk);
				}
			}

		};
	}

	private static void sleep() {
		try {
			TimeUnit.MINUTES.sleep(5);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
