package io.strand.grpc.server;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.HandlerSettings;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Starts a server whose handlers a test can keep from ending, and stops it after the test
 * if the test has not.
 */
@Timeout(90)
@ExtendWith(LeakCheckExtension.class)
abstract class ServerStopTestBase {

	final EchoHandlers handlers = new EchoHandlers();

	final List<Object> events = new CopyOnWriteArrayList<>();

	/** What handlers of the test wait for. */
	final CountDownLatch release = new CountDownLatch(1);

	HandlerSettings settings = HandlerSettings.DEFAULT;

	final CallEngine engine = new CallEngine((method) -> this.settings, true, 100);

	private @Nullable GrpcServer server;

	@AfterEach
	void stopServer() {
		this.release.countDown();
		if (this.server != null) {
			this.server.stop();
		}
		this.engine.close();
	}

	final GrpcServer start(Duration drainDelay, Duration gracePeriod, ServerInterceptor... interceptors) {
		return start(null, drainDelay, gracePeriod, interceptors);
	}

	final GrpcServer start(@Nullable ServerCredentials credentials, Duration drainDelay, Duration gracePeriod,
			ServerInterceptor... interceptors) {
		GrpcServer created = new GrpcServer(
				new GrpcServerSettings(0, null, credentials, null, null, null, null, gracePeriod, drainDelay),
				List.of(ServerInterceptors.intercept(this.engine.prepare(this.handlers.bindService()), interceptors)),
				(builder) -> {
				}, this.engine, this.events::add);
		this.server = created;
		created.start();
		return created;
	}

	static Message message(String text) {
		return Message.newBuilder().setText(text).build();
	}

	static CompletableFuture<Void> inThread(Runnable task) {
		CompletableFuture<Void> result = new CompletableFuture<>();
		new Thread(() -> {
			try {
				task.run();
				result.complete(null);
			}
			catch (Throwable ex) {
				result.completeExceptionally(ex);
			}
		}, "test-thread").start();
		return result;
	}

	static void within(CountDownLatch latch) throws InterruptedException {
		assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
	}

	/** Waits as a handler does that cares for no interrupt. */
	static void awaitUninterrupted(CountDownLatch latch) {
		while (true) {
			try {
				latch.await();
				return;
			}
			catch (InterruptedException ex) {
				// Goes on all the same
			}
		}
	}

}
