package io.strand.grpc.client;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two servers get a new version, one after the other, while they are called.
 */
@ExtendWith(LeakCheckExtension.class)
class RollingRestartTests {

	private static final int CALLS_PER_SECOND = 200;

	private static final Duration CALL_DURATION = Duration.ofMillis(50);

	private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);

	private final AtomicInteger calls = new AtomicInteger();

	private final AtomicInteger answers = new AtomicInteger();

	private final AtomicReference<Throwable> failure = new AtomicReference<>();

	@ParameterizedTest
	@ValueSource(ints = { 1, 2 })
	void noCallFails(int connections) throws Exception {
		assertThatNoCallFails(RestartableServer::plain, connections);
	}

	@Test
	void noCallFailsIfTheServersAreStrands() throws Exception {
		assertThatNoCallFails(RestartableServer::strand, 1);
	}

	private void assertThatNoCallFails(Function<BindableService, RestartableServer> starter, int connections)
			throws Exception {
		SlowService firstService = new SlowService(this.timer);
		SlowService secondService = new SlowService(this.timer);
		try (RestartableServer first = starter.apply(firstService);
				RestartableServer second = starter.apply(secondService);
				FaultChannel channel = new FaultChannel(ChannelSettings.builder()
					.target("static://localhost:%d,localhost:%d".formatted(first.port(), second.port()))
					.connections(connections))) {
			Future<?> load = this.timer.scheduleAtFixedRate(() -> call(channel), 0,
					TimeUnit.SECONDS.toNanos(1) / CALLS_PER_SECOND, TimeUnit.NANOSECONDS);
			awaitCalls(firstService);
			awaitCalls(secondService);
			for (int i = 0; i < 2; i++) {
				restart(first, firstService);
				restart(second, secondService);
			}
			load.cancel(false);
			await().atMost(Duration.ofSeconds(60)).until(() -> this.answers.get() == this.calls.get());
			assertThat(this.failure).hasValue(null);
		}
		finally {
			this.timer.shutdownNow();
		}
	}

	private void restart(RestartableServer server, SlowService service) throws InterruptedException {
		server.stop();
		int before = this.answers.get();
		await().atMost(Duration.ofSeconds(30)).until(() -> this.answers.get() > before + CALLS_PER_SECOND);
		server.start();
		awaitCalls(service);
	}

	/** As whatever restarts servers waits until one is ready before it stops the next. */
	private static void awaitCalls(SlowService service) {
		service.calls.set(0);
		await().atMost(Duration.ofSeconds(30)).until(() -> service.calls.get() > 20);
	}

	private void call(FaultChannel channel) {
		this.calls.incrementAndGet();
		Futures.addCallback(channel.future().unary(FaultChannel.MESSAGE), new FutureCallback<>() {

			@Override
			public void onSuccess(Message message) {
				RollingRestartTests.this.answers.incrementAndGet();
			}

			@Override
			public void onFailure(Throwable ex) {
				RollingRestartTests.this.failure.compareAndSet(null, ex);
				RollingRestartTests.this.answers.incrementAndGet();
			}

		}, MoreExecutors.directExecutor());
	}

	/**
	 * Takes its time, so that there are always calls in flight.
	 */
	private static final class SlowService extends EchoService {

		final AtomicInteger calls = new AtomicInteger();

		private final ScheduledExecutorService timer;

		SlowService(ScheduledExecutorService timer) {
			this.timer = timer;
		}

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			this.calls.incrementAndGet();
			this.timer.schedule(() -> super.unary(request, responses), CALL_DURATION.toMillis(), TimeUnit.MILLISECONDS);
		}

	}

}
