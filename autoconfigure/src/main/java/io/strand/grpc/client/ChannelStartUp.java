package io.strand.grpc.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Connects channels when the application starts, all at the same time, and waits for
 * those that it is asked to wait for.
 */
final class ChannelStartUp {

	private static final Log logger = LogFactory.getLog(GrpcChannels.class);

	private static final Duration REASON_TIMEOUT = Duration.ofSeconds(1);

	/** Fails before it is sent, and if not, hurts no server. */
	private static final MethodDescriptor<byte[], byte[]> PROBE = MethodDescriptor.newBuilder(new Bytes(), new Bytes())
		.setType(MethodType.UNARY)
		.setFullMethodName("grpc.health.v1.Health/Check")
		.build();

	private final long start = System.nanoTime();

	private final Map<String, Waiting> waiting = new LinkedHashMap<>();

	void connect(String name, String target, ManagedChannel channel) {
		logger.debug("Channel '%s' connects to %s".formatted(name, target));
		channel.getState(true);
	}

	void connectAndWait(String name, String target, ManagedChannel channel, Duration timeout) {
		Waiting wait = new Waiting(target, channel, timeout, new CountDownLatch(1));
		this.waiting.put(name, wait);
		wait.watch();
	}

	/**
	 * Waits for all that were connected to be waited for.
	 * @throws ChannelConnectException if one or more are not ready in time; it names all
	 */
	void await() {
		List<String> failed = new ArrayList<>();
		List<String> names = new ArrayList<>();
		this.waiting.forEach((name, wait) -> {
			if (!wait.await(this.start)) {
				names.add(name);
				failed.add("Channel '%s' could not connect to %s within %d ms: %s".formatted(name, wait.target,
						wait.timeout.toMillis(), reason(wait.channel)));
			}
		});
		if (!failed.isEmpty()) {
			throw new ChannelConnectException(String.join(System.lineSeparator(), failed),
					("Start what listens there, correct strand.client.channels.%1$s.target, wait longer"
							+ " (strand.client.channels.%1$s.connect-timeout), or do not wait"
							+ " (strand.client.channels.%1$s.connect=eager).")
						.formatted(names.get(0)));
		}
	}

	/** What a call is told now. */
	private static String reason(ManagedChannel channel) {
		try {
			ClientCalls.blockingUnaryCall(channel, PROBE,
					CallOptions.DEFAULT.withDeadlineAfter(REASON_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS), new byte[0]);
			return "it has connected too late";
		}
		catch (StatusRuntimeException ex) {
			Status status = ex.getStatus();
			return (status.getCode() == Status.Code.DEADLINE_EXCEEDED)
					? "it is still connecting (nobody has refused or answered)" : describe(status);
		}
	}

	private static String describe(Status status) {
		StringBuilder words = new StringBuilder(status.getCode().toString());
		if (status.getDescription() != null) {
			words.append(", ").append(status.getDescription());
		}
		for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
			if (cause.getMessage() != null && words.indexOf(cause.getMessage()) < 0) {
				words.append(", ").append(cause.getMessage());
			}
		}
		return words.toString();
	}

	private record Waiting(String target, ManagedChannel channel, Duration timeout, CountDownLatch ready) {

		void watch() {
			ConnectivityState state = this.channel.getState(true);
			if (state == ConnectivityState.READY) {
				this.ready.countDown();
			}
			else if (state != ConnectivityState.SHUTDOWN) {
				this.channel.notifyWhenStateChanged(state, this::watch);
			}
		}

		boolean await(long start) {
			try {
				long left = this.timeout.toNanos() - (System.nanoTime() - start);
				return this.ready.await(left, TimeUnit.NANOSECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				return false;
			}
		}

	}

}
