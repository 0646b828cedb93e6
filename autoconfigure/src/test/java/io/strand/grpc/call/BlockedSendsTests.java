package io.strand.grpc.call;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link BlockedSends}.
 */
class BlockedSendsTests {

	private final BlockedSends sends = new BlockedSends();

	@Test
	void waitsThatGoOnCountUntilNow() {
		this.sends.begin(1000);
		assertThat(this.sends.total(1500)).isEqualTo(500);
		this.sends.begin(2000);
		assertThat(this.sends.waiting()).isEqualTo(2);
		assertThat(this.sends.total(2100)).isEqualTo(1100 + 100);
		this.sends.end(3000);
		assertThat(this.sends.waiting()).isOne();
		assertThat(this.sends.total(3000)).isEqualTo(2000 + 1000);
		assertThat(this.sends.total(3500)).isEqualTo(2500 + 1000);
		this.sends.end(4000);
		assertThat(this.sends.waiting()).isZero();
		assertThat(this.sends.total(9000)).isEqualTo(3000 + 1000);
	}

	@Test
	void theClockMayBeginAnywhere() {
		long early = Long.MAX_VALUE - 100;
		this.sends.begin(early);
		this.sends.begin(early + 50);
		assertThat(this.sends.total(early + 200)).isEqualTo(200 + 150);
		this.sends.end(early + 300);
		this.sends.end(early + 300);
		assertThat(this.sends.total(early + 400)).isEqualTo(300 + 250);
	}

	@Test
	void theTimeNeverGoesDown() {
		this.sends.begin(1000);
		// Asked between a look at the clock and the word of the end
		assertThat(this.sends.total(1600)).isEqualTo(600);
		this.sends.end(1500);
		assertThat(this.sends.total(1700)).isEqualTo(600);
		this.sends.begin(2000);
		assertThat(this.sends.total(2300)).isEqualTo(500 + 300);
	}

	@Test
	void theTimeNeverGoesDownWhileManyWaitsComeAndGo() throws Exception {
		ExecutorService threads = Executors.newCachedThreadPool();
		AtomicBoolean over = new AtomicBoolean();
		try {
			Future<?> reader = threads.submit(() -> {
				long last = 0;
				while (!over.get()) {
					long total = this.sends.total().toNanos();
					assertThat(total).isGreaterThanOrEqualTo(last);
					last = total;
				}
			});
			List<Future<?>> senders = new ArrayList<>();
			for (int s = 0; s < 4; s++) {
				senders.add(threads.submit(() -> {
					for (int i = 0; i < 50_000; i++) {
						this.sends.begin(System.nanoTime());
						this.sends.end(System.nanoTime());
					}
				}));
			}
			for (Future<?> sender : senders) {
				sender.get(20, TimeUnit.SECONDS);
			}
			over.set(true);
			reader.get(20, TimeUnit.SECONDS);
			assertThat(this.sends.waiting()).isZero();
		}
		finally {
			over.set(true);
			threads.shutdownNow();
		}
	}

}
