package io.strand.grpc.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A plain gRPC server, without Strand, that remembers connections and calls.
 */
public final class RecordingServer implements AutoCloseable {

	private final AtomicInteger connections = new AtomicInteger();

	private final AtomicInteger openConnections = new AtomicInteger();

	private final List<RecordedCall> calls = new CopyOnWriteArrayList<>();

	private final Server server;

	private volatile boolean forget;

	private RecordingServer(ServerBuilder<?> builder, BindableService... services) {
		builder.addTransportFilter(new Connections()).intercept(new Calls());
		for (BindableService service : services) {
			builder.addService(service);
		}
		try {
			this.server = builder.build().start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Starts on a free port of the loopback interface.
	 * @param services what it serves
	 * @return the server
	 */
	public static RecordingServer start(BindableService... services) {
		return start(NettyServerBuilder.forPort(0, InsecureServerCredentials.create()), services);
	}

	public static RecordingServer inProcess(String name, BindableService... services) {
		return start(InProcessServerBuilder.forName(name), services);
	}

	public static RecordingServer start(ServerBuilder<?> builder, BindableService... services) {
		return new RecordingServer(builder, services);
	}

	public int port() {
		return this.server.getPort();
	}

	/**
	 * Its address as a target.
	 * @return host and port
	 */
	public String target() {
		return "localhost:" + port();
	}

	/**
	 * How many connections were made to it so far.
	 * @return the count
	 */
	public int connections() {
		return this.connections.get();
	}

	public int openConnections() {
		return this.openConnections.get();
	}

	public List<RecordedCall> calls() {
		return this.calls;
	}

	/**
	 * Stops to remember calls, for tests that make very many.
	 */
	public void forgetCalls() {
		this.forget = true;
	}

	public RecordedCall lastCall() {
		return this.calls.get(this.calls.size() - 1);
	}

	/**
	 * Stops as an application does that is asked to: takes no new calls, and waits for
	 * those that run.
	 * @param gracePeriod how long to wait
	 * @return whether they have ended
	 */
	public boolean stop(Duration gracePeriod) throws InterruptedException {
		return this.server.shutdown().awaitTermination(gracePeriod.toNanos(), TimeUnit.NANOSECONDS);
	}

	@Override
	public void close() {
		this.server.shutdownNow();
		try {
			this.server.awaitTermination(10, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	public record RecordedCall(String method, @Nullable String authority, Metadata headers,
			@Nullable Deadline deadline) {

		public @Nullable String header(String name) {
			return this.headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
		}

		/**
		 * The time until the deadline, when asked.
		 * @return seconds
		 */
		public long secondsLeft() {
			if (this.deadline == null) {
				throw new AssertionError("The call has no deadline");
			}
			return this.deadline.timeRemaining(TimeUnit.SECONDS);
		}

	}

	private final class Connections extends ServerTransportFilter {

		@Override
		public Attributes transportReady(Attributes attributes) {
			RecordingServer.this.connections.incrementAndGet();
			RecordingServer.this.openConnections.incrementAndGet();
			return attributes;
		}

		@Override
		public void transportTerminated(Attributes attributes) {
			RecordingServer.this.openConnections.decrementAndGet();
		}

	}

	private final class Calls implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			if (!RecordingServer.this.forget) {
				RecordingServer.this.calls.add(new RecordedCall(call.getMethodDescriptor().getFullMethodName(),
						call.getAuthority(), headers, Context.current().getDeadline()));
			}
			return next.startCall(call, headers);
		}

	}

}
