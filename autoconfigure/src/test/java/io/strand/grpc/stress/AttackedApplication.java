package io.strand.grpc.stress;

import java.util.concurrent.TimeUnit;

import com.google.protobuf.ByteString;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.strand.grpc.autoconfigure.observation.GrpcServerMetersAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcCallScopeAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.observation.ServerMeters;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.ContextClosedEvent;

/**
 * The application that is attacked, with nothing configured but its port. It has meters,
 * and says in the end whether there are more of them.
 */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration({ GrpcServerAutoConfiguration.class, GrpcCallScopeAutoConfiguration.class,
		GrpcServerMetersAutoConfiguration.class })
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

	@Bean
	MeterRegistry registry(ServerMeters meters) {
		MeterRegistry registry = new SimpleMeterRegistry();
		meters.bindTo(registry);
		return registry;
	}

	@Bean
	ApplicationListener<ContextClosedEvent> meterReport(MeterRegistry registry) {
		int before = registry.getMeters().size();
		return (closed) -> System.out.printf("%d meters at the start, %d at the end, %.0f calls of unknown methods%n",
				before, registry.getMeters().size(),
				registry.get("strand.server.calls.refused").tag("reason", "unknown_method").functionCounter().count());
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
