package io.strand.grpc.autoconfigure.health;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.properties.StrandPropertiesAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.CounterGrpc;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.Message;

import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * An application whose unary calls end only once it stops, and whose streams then ask
 * their clients to end them. Runs in a JVM of its own.
 */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration({ GrpcServerAutoConfiguration.class, GrpcClientAutoConfiguration.class,
		GrpcHealthAutoConfiguration.class, StrandPropertiesAutoConfiguration.class })
class SigtermApplication {

	static final String PORT = "PORT ";

	static final String IN_FLIGHT = "IN FLIGHT ";

	public static void main(String[] arguments) {
		SpringApplication.run(SigtermApplication.class, arguments);
	}

	@Bean
	ApplicationRunner tellsItsPort(GrpcServer server) {
		return (arguments) -> System.out.println(PORT + server.getPort());
	}

	@Bean
	Echo echo(CounterGrpc.CounterBlockingStub counter) {
		return new Echo(counter);
	}

	static class Echo extends EchoGrpc.EchoImplBase {

		private final CounterGrpc.CounterBlockingStub counter;

		private final AtomicInteger inFlight = new AtomicInteger();

		Echo(CounterGrpc.CounterBlockingStub counter) {
			this.counter = counter;
		}

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			CountDownLatch draining = new CountDownLatch(1);
			GrpcCall.current().onDrain(draining::countDown);
			System.out.println(IN_FLIGHT + this.inFlight.incrementAndGet());
			try {
				if (!draining.await(60, TimeUnit.SECONDS)) {
					throw new IllegalStateException("Nobody stops the application");
				}
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException("interrupted", ex);
			}
			// Others are called while the server stops
			int number = this.counter.withDeadlineAfter(20, TimeUnit.SECONDS).next(request).getNumber();
			EchoHandlers.echo(request.toBuilder().setNumber(number).build(), responses);
		}

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			GrpcCall.current().onDrain(() -> responses.onNext(Message.newBuilder().setText("going").build()));
			return EchoHandlers.echoAll(responses);
		}

	}

}
