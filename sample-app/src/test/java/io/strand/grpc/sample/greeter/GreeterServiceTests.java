package io.strand.grpc.sample.greeter;

import io.strand.grpc.sample.SampleTest;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;

import static org.assertj.core.api.Assertions.assertThat;

@SampleTest
class GreeterServiceTests {

	@Autowired
	private GreeterGrpc.GreeterBlockingStub greeter;

	@Test
	void greetsByName() {
		HelloRequest request = HelloRequest.newBuilder().setName("Ada").build();
		assertThat(this.greeter.sayHello(request).getMessage()).isEqualTo("Hello Ada");
	}

	@Test
	void greetsWithoutName() {
		assertThat(this.greeter.sayHello(HelloRequest.getDefaultInstance()).getMessage()).isEqualTo("Hello ");
	}

}
