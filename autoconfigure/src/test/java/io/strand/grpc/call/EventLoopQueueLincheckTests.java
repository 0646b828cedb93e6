package io.strand.grpc.call;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import io.strand.grpc.testing.LincheckThreads;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Tries the interleavings of {@link EventLoopQueue}: what was added is sent or taken
 * back, once, and no more wait than may.
 */
@Tag("lincheck")
class EventLoopQueueLincheckTests {

	@Test
	void whatWasAddedIsSentOrTakenBackOnce() {
		Lincheck.runConcurrentTest(800, () -> {
			EventLoopQueue queue = new EventLoopQueue();
			AtomicInteger sent = new AtomicInteger();
			AtomicInteger owed = new AtomicInteger();
			Runnable loop = () -> {
				EventLoopQueue.Operation operation = new EventLoopQueue.Operation(sent::incrementAndGet, true);
				if (queue.offer(operation, 1)) {
					owed.incrementAndGet();
					if (operation.withdraw()) {
						owed.decrementAndGet();
					}
				}
			};
			LincheckThreads.run(loop, loop, () -> drain(queue));
			drain(queue);
			check(sent.get() == owed.get(), "Sent %d of %d".formatted(sent.get(), owed.get()));
			check(queue.isEmpty() && queue.offer(new EventLoopQueue.Operation(sent::incrementAndGet, true), 1),
					"There is no room in the empty queue");
		});
	}

	@Test
	void queueKeepsTheOrderOfEachLoopAndTakesNoMoreThanItMay() {
		Lincheck.runConcurrentTest(800, () -> {
			EventLoopQueue queue = new EventLoopQueue();
			List<String> sent = Collections.synchronizedList(new ArrayList<>());
			AtomicInteger accepted = new AtomicInteger();
			LincheckThreads.run(() -> offerTwo(queue, "a", sent, accepted), () -> offerTwo(queue, "b", sent, accepted));
			check(accepted.get() <= 3, "Took %d where 3 may wait".formatted(accepted.get()));
			drain(queue);
			check(sent.size() == accepted.get(), "Sent %s of %d".formatted(sent, accepted.get()));
			check(inOrder(sent, "a") && inOrder(sent, "b"), "Out of order: " + sent);
		});
	}

	private static void offerTwo(EventLoopQueue queue, String name, List<String> sent, AtomicInteger accepted) {
		for (int i = 1; i <= 2; i++) {
			String message = name + i;
			if (queue.offer(new EventLoopQueue.Operation(() -> sent.add(message), true), 3)) {
				accepted.incrementAndGet();
			}
		}
	}

	private static boolean inOrder(List<String> sent, String name) {
		return !sent.contains(name + 1) || sent.indexOf(name + 2) == -1
				|| sent.indexOf(name + 1) < sent.indexOf(name + 2);
	}

	private static void drain(EventLoopQueue queue) {
		EventLoopQueue.Operation operation = queue.poll();
		while (operation != null) {
			operation.run(false);
			operation = queue.poll();
		}
	}

	private static void check(boolean holds, String message) {
		if (!holds) {
			throw new IllegalStateException(message);
		}
	}

}
