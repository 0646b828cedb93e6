package io.strand.grpc.testing;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

import io.strand.grpc.thread.CallThreads;
import io.strand.grpc.thread.SerialTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link LeakCheckExtension}.
 */
@Timeout(30)
class LeakCheckExtensionTests {

	private final LeakCheckExtension check = new LeakCheckExtension(Duration.ofMillis(300));

	private final Set<Long> before = Set.copyOf(LiveThreads.names().keySet());

	private final CountDownLatch release = new CountDownLatch(1);

	private final CountDownLatch running = new CountDownLatch(1);

	@Test
	void findsThreadThatLivesOn() throws InterruptedException {
		Thread thread = new Thread(this::waitForRelease, "strand-test-leak");
		thread.start();
		this.running.await();
		assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> this.check.checkNoneSince(this.before))
			.withMessage("The test left threads behind: [strand-test-leak]");
		this.release.countDown();
		thread.join();
	}

	@Test
	void findsThreadOfCallThatLivesOnAlsoWhenItIsVirtual() throws InterruptedException {
		CallThreads threads = CallThreads.areVirtualAvailable() ? CallThreads.virtual("grpc-call-test")
				: CallThreads.pooled((task) -> new Thread(task, "grpc-call-test").start());
		threads.newThread(new SerialTask() {

			@Override
			public boolean runAvailable() {
				waitForRelease();
				return true;
			}

			@Override
			public boolean hasWork() {
				return true;
			}

			@Override
			public void rejected() {
			}

		}).start();
		this.running.await();
		assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> this.check.checkNoneSince(this.before))
			.withMessage("The test left threads behind: [grpc-call-test]");
		this.release.countDown();
		assertThatCode(() -> new LeakCheckExtension().checkNoneSince(this.before)).doesNotThrowAnyException();
	}

	@Test
	void waitsForThreadThatIsAboutToEnd() throws InterruptedException {
		LeakCheckExtension patient = new LeakCheckExtension();
		Thread thread = new Thread(this::waitForRelease, "strand-test-ending");
		thread.start();
		this.running.await();
		Thread releaser = new Thread(this.release::countDown, "strand-test-releaser");
		releaser.start();
		assertThatCode(() -> patient.checkNoneSince(this.before)).doesNotThrowAnyException();
	}

	@Test
	void ignoresThreadThatWasThereBefore() throws InterruptedException {
		Thread thread = new Thread(this::waitForRelease, "strand-test-earlier");
		thread.start();
		this.running.await();
		assertThatCode(() -> this.check.checkNoneSince(Set.copyOf(LiveThreads.names().keySet())))
			.doesNotThrowAnyException();
		this.release.countDown();
		thread.join();
	}

	@Test
	void findsIdleThreadOfPoolThatNobodyShutDown() throws InterruptedException {
		ExecutorService pool = Executors.newCachedThreadPool((task) -> new Thread(task, "grpc-call-idle"));
		pool.execute(this.running::countDown);
		this.running.await();
		assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> this.check.checkNoneSince(this.before))
			.withMessage("The test left threads behind: [grpc-call-idle]");
		pool.shutdownNow();
	}

	@Test
	void ignoresIdleThreadOfPoolWhileServerOfBeforeRuns() throws InterruptedException {
		Thread server = new Thread(this::waitForRelease, "grpc-server-await");
		server.start();
		this.running.await();
		Set<Long> withServer = Set.copyOf(LiveThreads.names().keySet());
		ExecutorService pool = Executors.newCachedThreadPool((task) -> new Thread(task, "grpc-call-idle"));
		CountDownLatch called = new CountDownLatch(1);
		pool.execute(called::countDown);
		called.await();
		assertThatCode(() -> new LeakCheckExtension().checkNoneSince(withServer)).doesNotThrowAnyException();
		pool.shutdownNow();
		this.release.countDown();
		server.join();
	}

	private void waitForRelease() {
		this.running.countDown();
		try {
			this.release.await();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
