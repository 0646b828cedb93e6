package io.strand.grpc.call;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReferenceArray;

import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.LeakCheckExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.test.util.ReflectionTestUtils;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CallRegistry}.
 */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class CallRegistryTests {

	private final CallRegistry<Integer> registry = new CallRegistry<>();

	@Test
	void holdsWhatWasAddedUntilItIsFreed() {
		CallRegistry.Slot first = this.registry.add(1);
		CallRegistry.Slot second = this.registry.add(2);
		assertThat(this.registry).containsExactlyInAnyOrder(1, 2);
		assertThat(this.registry.size()).isEqualTo(2);
		first.free();
		assertThat(this.registry).containsExactly(2);
		assertThat(this.registry.isEmpty()).isFalse();
		second.free();
		assertThat(this.registry.isEmpty()).isTrue();
		assertThat(this.registry.size()).isZero();
	}

	@Test
	void growsAndLosesNothing() {
		List<CallRegistry.Slot> slots = new ArrayList<>();
		Set<Integer> added = new HashSet<>();
		for (int i = 0; i < 20 * CallRegistry.FIRST_SLOTS; i++) {
			slots.add(this.registry.add(i));
			added.add(i);
		}
		assertThat(this.registry).containsExactlyInAnyOrderElementsOf(added);
		slots.forEach(CallRegistry.Slot::free);
		assertThat(this.registry.isEmpty()).isTrue();
	}

	@Test
	void threadsThatGrowItAtTheSameTimeLoseNothing() throws Exception {
		int threads = 8;
		int each = CallRegistry.FIRST_SLOTS;
		for (int round = 0; round < 200; round++) {
			CallRegistry<Integer> growing = new CallRegistry<>();
			ConcurrentRun.of(threads, (thread) -> {
				for (int i = 0; i < each; i++) {
					growing.add(thread * each + i);
				}
			}).join(Duration.ofSeconds(20));
			Set<Integer> seen = new HashSet<>();
			growing.forEach(seen::add);
			assertThat(seen).hasSize(threads * each);
			assertThat(growing.size()).isEqualTo(threads * each);
		}
	}

	@Test
	void growsForCallsThatLiveOnly() {
		// Side by side, so that many tries find no place
		for (int i = 0; i < CallRegistry.FIRST_SLOTS / 2 - 1; i++) {
			slots().set(i, i);
		}
		for (int i = 0; i < 1_000; i++) {
			this.registry.add(i).free();
		}
		assertThat(slots().length()).isEqualTo(CallRegistry.FIRST_SLOTS);
		for (int i = 0; i < 10 * CallRegistry.FIRST_SLOTS; i++) {
			this.registry.add(i);
		}
		// Never so full that a place is hard to find
		assertThat(slots().length()).isGreaterThanOrEqualTo(8 * CallRegistry.FIRST_SLOTS);
	}

	@SuppressWarnings("unchecked")
	private AtomicReferenceArray<Integer> slots() {
		return (AtomicReferenceArray<Integer>) Objects
			.requireNonNull(ReflectionTestUtils.getField(this.registry, "newest"));
	}

	@Test
	void threadsThatComeAndGoFindEachItsOwn() throws Exception {
		int threads = 8;
		int rounds = 20_000;
		AtomicBoolean lost = new AtomicBoolean();
		CallRegistry.Slot resident = this.registry.add(-1);
		ConcurrentRun.of(threads, (thread) -> {
			List<CallRegistry.Slot> mine = new ArrayList<>();
			for (int i = 0; i < rounds; i++) {
				mine.add(this.registry.add(thread));
				if (mine.size() == 100) {
					mine.forEach(CallRegistry.Slot::free);
					mine.clear();
				}
				if (ThreadLocalRandom.current().nextInt(1000) == 0 && !contains(-1, thread, mine.size())) {
					lost.set(true);
				}
			}
			mine.forEach(CallRegistry.Slot::free);
		}).join(Duration.ofSeconds(50));
		assertThat(lost).isFalse();
		assertThat(this.registry).containsExactly(-1);
		resident.free();
		assertThat(this.registry.isEmpty()).isTrue();
	}

	/** Whether an iteration shows what lives all the while: once each, nothing lost. */
	private boolean contains(int resident, int thread, int count) {
		int residents = 0;
		int own = 0;
		for (int each : this.registry) {
			residents += (each == resident) ? 1 : 0;
			own += (each == thread) ? 1 : 0;
		}
		return residents == 1 && own == count;
	}

}
