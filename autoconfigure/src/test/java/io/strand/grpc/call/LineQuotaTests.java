package io.strand.grpc.call;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link LineQuota}.
 */
class LineQuotaTests {

	private final AtomicInteger leftOut = new AtomicInteger();

	private final AtomicInteger told = new AtomicInteger();

	private final LineQuota quota = new LineQuota(this::tell);

	private void tell(int count) {
		this.leftOut.addAndGet(count);
		this.told.incrementAndGet();
	}

	@Test
	void fiveInASecondAreLetThroughAndTheRestCounted() {
		List<Runnable> later = new ArrayList<>();
		LineQuota untimed = new LineQuota(this::tell, later::add);
		assertThat(taken(untimed, 7, 1000)).isEqualTo(5);
		assertThat(taken(untimed, 8, 3)).isEqualTo(3);
		assertThat(taken(untimed, 8, 10)).isEqualTo(2);
		assertThat(later).hasSize(1);
		later.get(0).run();
		assertThat(this.leftOut).hasValue(995 + 8);
		assertThat(this.told).hasValue(1);
	}

	@Test
	void thoseThatAreLeftOutAreToldInTime() {
		assertThat(taken(this.quota, 7, 8)).isEqualTo(5);
		await().untilAsserted(() -> assertThat(this.leftOut).hasValue(3));
	}

	@Test
	void thoseThatAreLetThroughAreNotTold() {
		assertThat(taken(this.quota, 7, 5)).isEqualTo(5);
		assertThat(this.told).hasValue(0);
	}

	@Test
	void manyThreadsTakeNoMore() {
		long taken = IntStream.range(0, 100_000).parallel().filter((i) -> this.quota.tryTake(9)).count();
		assertThat(taken).isEqualTo(5);
		await().untilAsserted(() -> assertThat(this.leftOut).hasValue(100_000 - 5));
	}

	@Test
	void moreThanCanBeCountedInASecondAreStillLeftOut() {
		assertThat(taken(this.quota, 7, (1 << 20) + 100)).isEqualTo(5);
	}

	private static long taken(LineQuota quota, long second, int asked) {
		return IntStream.range(0, asked).filter((i) -> quota.tryTake(second)).count();
	}

}
