package io.strand.grpc.sample;

import java.net.SocketAddress;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.strand.grpc.sample.proto.EchoGrpc;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;
import io.strand.grpc.sample.proto.RouteGuideGrpc;
import io.strand.grpc.server.LocalGrpcServerPort;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The sample as it looks to a client that knows nothing of Spring.
 */
@SampleTest
class ForeignClientTests {

	@LocalGrpcServerPort
	private int port;

	@Test
	void methodsAreNamedAsInTheExamplesOfGrpc() {
		assertThat(GreeterGrpc.getServiceDescriptor().getMethods()).extracting(MethodDescriptor::getFullMethodName)
			.containsExactly("helloworld.Greeter/SayHello");
		assertThat(EchoGrpc.getServiceDescriptor().getMethods()).extracting(MethodDescriptor::getFullMethodName)
			.containsExactlyInAnyOrder("grpc.examples.echo.Echo/UnaryEcho",
					"grpc.examples.echo.Echo/ServerStreamingEcho", "grpc.examples.echo.Echo/ClientStreamingEcho",
					"grpc.examples.echo.Echo/BidirectionalStreamingEcho");
		assertThat(RouteGuideGrpc.getServiceDescriptor().getMethods()).extracting(MethodDescriptor::getFullMethodName)
			.containsExactlyInAnyOrder("routeguide.RouteGuide/GetFeature", "routeguide.RouteGuide/ListFeatures",
					"routeguide.RouteGuide/RecordRoute", "routeguide.RouteGuide/RouteChat");
	}

	@Test
	void twoServicesShareAConnection() throws InterruptedException {
		// Not all that the server accepts: channels of the application connect as they
		// like
		Set<SocketAddress> connections = ConcurrentHashMap.newKeySet();
		ManagedChannel channel = Grpc
			.newChannelBuilderForAddress("localhost", this.port, InsecureChannelCredentials.create())
			.intercept(new ConnectionRecorder(connections))
			.build();
		try {
			assertThat(GreeterGrpc.newBlockingStub(channel)
				.sayHello(HelloRequest.newBuilder().setName("multiplex").build())
				.getMessage()).isEqualTo("Hello multiplex");
			assertThat(EchoGrpc.newBlockingStub(channel)
				.unaryEcho(EchoRequest.newBuilder().setMessage("this is examples/multiplex").build())
				.getMessage()).isEqualTo("this is examples/multiplex");
			assertThat(connections).hasSize(1);
		}
		finally {
			channel.shutdownNow();
			assertThat(channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
		}
	}

	/** Records where each answered call came from on this side. */
	private record ConnectionRecorder(Set<SocketAddress> connections) implements ClientInterceptor {

		@Override
		public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
			return new SimpleForwardingClientCall<>(next.newCall(method, options)) {

				@Override
				public void start(Listener<R> listener, Metadata headers) {
					super.start(new SimpleForwardingClientCallListener<>(listener) {

						@Override
						public void onHeaders(Metadata answered) {
							ConnectionRecorder.this.connections
								.add(Objects.requireNonNull(getAttributes().get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR)));
							super.onHeaders(answered);
						}

					}, headers);
				}

			};
		}

	}

}
