package io.strand.grpc.integration;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Attributes;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerTransportFilter;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthGrpc.HealthImplBase;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;

/**
 * A server that others find, and that counts what it gets.
 */
final class Backend implements AutoCloseable {

	private final AtomicInteger calls = new AtomicInteger();

	private final AtomicInteger connections = new AtomicInteger();

	private final Server server;

	private final int port;

	Backend() {
		try {
			this.server = NettyServerBuilder.forPort(0, InsecureServerCredentials.create())
				.addService(new Health())
				.addTransportFilter(new Connections())
				.build()
				.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.port = this.server.getPort();
	}

	int port() {
		return this.port;
	}

	int calls() {
		return this.calls.get();
	}

	int connections() {
		return this.connections.get();
	}

	@Override
	public void close() throws InterruptedException {
		this.server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
	}

	private final class Health extends HealthImplBase {

		@Override
		public void check(HealthCheckRequest request, StreamObserver<HealthCheckResponse> responses) {
			Backend.this.calls.incrementAndGet();
			responses.onNext(HealthCheckResponse.getDefaultInstance());
			responses.onCompleted();
		}

	}

	private final class Connections extends ServerTransportFilter {

		@Override
		public Attributes transportReady(Attributes attributes) {
			Backend.this.connections.incrementAndGet();
			return attributes;
		}

	}

}
