package io.strand.grpc.call;

import java.util.ArrayList;
import java.util.List;

import io.strand.grpc.testing.LincheckThreads;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of {@link CallRegistry} with a table that is full soon: calls
 * that live are found once, also while the table grows, and those that ended are not.
 */
@Tag("lincheck")
class CallRegistryLincheckTests {

	@Test
	void callsThatComeAtTheSameTimeAreAllThere() {
		Lincheck.runConcurrentTest(100, () -> {
			CallRegistry<String> registry = new CallRegistry<>(2);
			registry.add("before");
			LincheckThreads.run(new Comer(registry, "a", true), new Comer(registry, "b", true));
			check(registry, List.of("before", "a", "b"));
		});
	}

	@Test
	void callsForWhichTheTableGrowsAtTheSameTimeAreAllThere() {
		Lincheck.runConcurrentTest(100, () -> {
			CallRegistry<String> registry = new CallRegistry<>(2);
			registry.add("before");
			registry.add("next");
			LincheckThreads.run(new Comer(registry, "a", true), new Comer(registry, "b", true));
			check(registry, List.of("before", "next", "a", "b"));
		});
	}

	@Test
	void callsThatEndLeaveTheOthersAlone() {
		Lincheck.runConcurrentTest(100, () -> {
			CallRegistry<String> registry = new CallRegistry<>(2);
			registry.add("before");
			LincheckThreads.run(new Comer(registry, "a", false), new Comer(registry, "b", true));
			check(registry, List.of("before", "b"));
		});
	}

	@Test
	void callThatLivesIsFoundOnceWhileOthersComeAndGo() {
		Lincheck.runConcurrentTest(100, () -> {
			CallRegistry<String> registry = new CallRegistry<>(2);
			registry.add("before");
			registry.add("next");
			Reader reader = new Reader(registry);
			LincheckThreads.run(new Comer(registry, "a", false), reader);
			if (!isOnceIn(reader.found, "before") || !isOnceIn(reader.found, "next")) {
				throw new IllegalStateException("Found " + reader.found);
			}
			check(registry, List.of("before", "next"));
		});
	}

	private static void check(CallRegistry<String> registry, List<String> expected) {
		List<String> found = new ArrayList<>();
		registry.forEach(found::add);
		if (found.size() != expected.size() || !found.containsAll(expected)) {
			throw new IllegalStateException("Found %s, not %s".formatted(found, expected));
		}
	}

	private static boolean isOnceIn(List<String> found, String call) {
		return found.indexOf(call) >= 0 && found.indexOf(call) == found.lastIndexOf(call);
	}

	private static final class Comer extends Thread {

		private final CallRegistry<String> registry;

		private final String call;

		private final boolean stays;

		Comer(CallRegistry<String> registry, String call, boolean stays) {
			this.registry = registry;
			this.call = call;
			this.stays = stays;
		}

		@Override
		public void run() {
			CallRegistry.Slot slot = this.registry.add(this.call);
			if (!this.stays) {
				slot.free();
			}
		}

	}

	private static final class Reader extends Thread {

		private final CallRegistry<String> registry;

		private final List<String> found = new ArrayList<>();

		Reader(CallRegistry<String> registry) {
			this.registry = registry;
		}

		@Override
		public void run() {
			for (String call : this.registry) {
				this.found.add(call);
			}
		}

	}

}
