package io.strand.grpc.call;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultEventExecutor;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.thread.SerialThread;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link TransportLoop}: what waits there for others is not lost when the event
 * loop ends, nor waits for more than a batch.
 */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class TransportLoopTests {

	@Test
	void threadsInNoHurryAreWokenTogether() {
		DefaultEventExecutor executor = new DefaultEventExecutor();
		Waker first = new Waker();
		Waker second = new Waker();
		executor.execute(() -> {
			current().wakeSoon(first);
			current().wakeSoon(second);
			assertThat(first.woken).hasValue(0);
		});
		await().until(() -> first.woken.get() == 1 && second.woken.get() == 1);
		executor.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS);
		assertThat(first.woken).hasValue(1);
	}

	@Test
	void threadsInNoHurryAreWokenWhenTheEventLoopEndsFirst() {
		DefaultEventExecutor executor = new DefaultEventExecutor();
		Waker before = new Waker();
		Waker after = new Waker();
		executor.execute(() -> {
			current().wakeSoon(before);
			executor.shutdownGracefully(0, 0, TimeUnit.SECONDS);
			current().wakeSoon(after);
		});
		assertThat(executor.terminationFuture().awaitUninterruptibly(10, TimeUnit.SECONDS)).isTrue();
		assertThat(before.woken).hasValue(1);
		assertThat(after.woken).hasValue(1);
	}

	@Test
	void threadsOfAFullBatchAreStartedBeforeTheReadEnds() {
		DefaultEventExecutor executor = new DefaultEventExecutor();
		List<Starter> starters = Stream.generate(Starter::new).limit(2 * CallBatch.FULL + 2).toList();
		List<Integer> startedInTheRead = new CopyOnWriteArrayList<>();
		executor.execute(() -> {
			starters.forEach((starter) -> starter.batch = current().start(starter));
			starters.forEach((starter) -> startedInTheRead.add(starter.started.get()));
		});
		await().until(() -> starters.stream().allMatch((starter) -> starter.started.get() > 0));
		executor.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS);
		assertThat(startedInTheRead.subList(0, 2 * CallBatch.FULL)).containsOnly(1);
		assertThat(startedInTheRead.subList(2 * CallBatch.FULL, starters.size())).containsOnly(0);
		assertThat(starters).allSatisfy((starter) -> {
			assertThat(starter.started).hasValue(1);
			assertThat(starter.knewItsBatch).isTrue();
		});
	}

	@Test
	void whoSeemsToComeAloneDoesNotWaitForTheReadToEnd() {
		DefaultEventExecutor executor = new DefaultEventExecutor();
		Starter alone = new Starter();
		Starter first = new Starter();
		Waker second = new Waker();
		Waker afterTwo = new Waker();
		Waker afterOne = new Waker();
		List<Integer> goneInTheRead = new CopyOnWriteArrayList<>();
		read(executor, () -> {
			alone.batch = current().start(alone);
			goneInTheRead.add(alone.started.get());
		});
		read(executor, () -> {
			first.batch = current().start(first);
			current().wake(second);
			goneInTheRead.addAll(List.of(first.started.get(), second.woken.get()));
		});
		read(executor, () -> {
			current().wake(afterTwo);
			goneInTheRead.add(afterTwo.woken.get());
		});
		read(executor, () -> {
			current().wake(afterOne);
			goneInTheRead.add(afterOne.woken.get());
		});
		executor.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS);
		assertThat(goneInTheRead).containsExactly(0, 1, 0, 0, 1);
		assertThat(alone.batch).isNotNull();
		assertThat(first.batch).isNull();
		assertThat(List.of(alone.started.get(), first.started.get(), second.woken.get(), afterTwo.woken.get(),
				afterOne.woken.get()))
			.containsOnly(1);
	}

	/** What is left for the end of the read has been done when the next one begins. */
	private static void read(DefaultEventExecutor executor, Runnable read) {
		executor.submit(read).syncUninterruptibly();
	}

	private static TransportLoop current() {
		return Objects.requireNonNull(TransportLoop.current());
	}

	/** Counts how often it is started, and looks whether it could answer by then. */
	private static final class Starter implements SerialThread {

		final AtomicInteger started = new AtomicInteger();

		volatile @Nullable CallBatch batch;

		volatile boolean knewItsBatch;

		@Override
		public void start() {
			this.knewItsBatch = this.batch != null;
			this.started.incrementAndGet();
		}

		@Override
		public void wake() {
			throw new IllegalStateException("Nobody wakes it");
		}

		@Override
		public boolean isVirtual() {
			return true;
		}

	}

	/** Counts how often it is woken. */
	private static final class Waker implements SerialThread {

		final AtomicInteger woken = new AtomicInteger();

		@Override
		public void start() {
			throw new IllegalStateException("It has started long ago");
		}

		@Override
		public void wake() {
			this.woken.incrementAndGet();
		}

		@Override
		public boolean isVirtual() {
			return false;
		}

	}

}
