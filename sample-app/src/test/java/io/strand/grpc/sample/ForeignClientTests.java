package io.strand.grpc.sample;

import java.util.concurrent.TimeUnit;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.strand.grpc.sample.connection.ServerConnections;
import io.strand.grpc.sample.proto.EchoGrpc;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;
import io.strand.grpc.sample.proto.RouteGuideGrpc;
import io.strand.grpc.server.LocalGrpcServerPort;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The sample as it looks to a client that knows nothing of Spring.
 */
@SampleTest
class ForeignClientTests {

	@LocalGrpcServerPort
	private int port;

	@Autowired
	private ServerConnections connections;

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
		int before = this.connections.accepted();
		// By a name, a client may try two addresses at a time
		ManagedChannel channel = Grpc
			.newChannelBuilderForAddress("127.0.0.1", this.port, InsecureChannelCredentials.create())
			.build();
		try {
			assertThat(GreeterGrpc.newBlockingStub(channel)
				.sayHello(HelloRequest.newBuilder().setName("multiplex").build())
				.getMessage()).isEqualTo("Hello multiplex");
			assertThat(EchoGrpc.newBlockingStub(channel)
				.unaryEcho(EchoRequest.newBuilder().setMessage("this is examples/multiplex").build())
				.getMessage()).isEqualTo("this is examples/multiplex");
			assertThat(this.connections.accepted() - before).isEqualTo(1);
		}
		finally {
			channel.shutdownNow();
			assertThat(channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
		}
	}

}
