package io.strand.grpc.call;

import java.util.concurrent.Executor;
import java.util.concurrent.ThreadPoolExecutor;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.strand.grpc.thread.CallThreads;
import org.jspecify.annotations.Nullable;

/**
 * Takes calls with compressed requests off the event loop: their messages are
 * decompressed and decoded where the transport hands them over, since gRPC lets nobody
 * keep a compressed message. All other calls stay on the loop. Thread-safe.
 *
 * <p>
 * The threads are not those of the handlers: cancellation comes the same way as the
 * messages, and must come through when all handlers are blocked.
 */
final class CompressedCalls implements ServerCallExecutorSupplier, AutoCloseable {

	private static final Metadata.Key<String> ENCODING = Metadata.Key.of("grpc-encoding",
			Metadata.ASCII_STRING_MARSHALLER);

	private static final String THREAD_NAME = "grpc-call-decoder";

	private final @Nullable ThreadPoolExecutor pool;

	private final Executor executor;

	CompressedCalls() {
		if (CallThreads.areVirtualAvailable()) {
			var factory = CallThreads.virtualFactory(THREAD_NAME);
			this.pool = null;
			this.executor = (task) -> factory.newThread(task).start();
		}
		else {
			this.pool = CallThreads.platformPool(THREAD_NAME + "-", Runtime.getRuntime().availableProcessors());
			this.executor = this.pool;
		}
	}

	@Override
	public <Q, R> @Nullable Executor getExecutor(ServerCall<Q, R> call, Metadata headers) {
		String encoding = headers.get(ENCODING);
		return (encoding == null || encoding.equals("identity")) ? null : this.executor;
	}

	@Override
	public void close() {
		if (this.pool != null) {
			this.pool.shutdownNow();
		}
	}

}
