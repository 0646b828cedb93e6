package io.strand.grpc.sample;

import io.strand.grpc.server.GrpcServer;

import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Says, once everything that happens at start is over, that the application now only
 * serves, and where. {@code clients/check.sh} waits for this line.
 */
@Component
@Order(Ordered.LOWEST_PRECEDENCE)
class ServingLine implements ApplicationRunner {

	private final GrpcServer server;

	ServingLine(GrpcServer server) {
		this.server = server;
	}

	@Override
	public void run(ApplicationArguments args) {
		System.out.println("Serving until stopped (Ctrl+C), gRPC on port " + this.server.getPort());
	}

}
