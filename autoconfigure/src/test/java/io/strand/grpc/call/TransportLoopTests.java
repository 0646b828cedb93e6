package io.strand.grpc.call;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultEventExecutor;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.thread.SerialThread;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link TransportLoop}: what waits there for others is not lost when the event
 * loop ends.
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

	private static TransportLoop current() {
		return Objects.requireNonNull(TransportLoop.current());
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
