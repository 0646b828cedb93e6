package io.strand.grpc.sample.concierge;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Status;
import io.grpc.StatusException;

import org.springframework.stereotype.Component;

/**
 * Where the guests of a party wait for each other, each on the thread of its call.
 * Thread-safe.
 */
@Component
public class MeetingPoint {

	private static final Duration MOST_PATIENCE = Duration.ofMinutes(1);

	private final Parties parties = new Parties();

	private final AtomicInteger waiting = new AtomicInteger();

	private final AtomicInteger interrupted = new AtomicInteger();

	/**
	 * Waits for the rest of a party. Blocks until the party is complete, the patience
	 * ends or the thread is interrupted.
	 * @param name the party
	 * @param size how many guests it has
	 * @param patience how long to wait, a minute at most
	 * @return which guest this was, 1 for the first
	 * @throws StatusException if the party did not become complete, or cannot
	 * @throws InterruptedException if interrupted while waiting
	 */
	int meet(String name, int size, Duration patience) throws StatusException, InterruptedException {
		if (size < 1 || patience.isNegative() || patience.compareTo(MOST_PATIENCE) > 0) {
			throw Status.INVALID_ARGUMENT
				.withDescription("A party has 1 guest or more and up to %d ms of patience, not %d guests and %d ms"
					.formatted(MOST_PATIENCE.toMillis(), size, patience.toMillis()))
				.asException();
		}
		Parties.Place place = this.parties.arrive(name, size);
		this.waiting.incrementAndGet();
		try {
			if (!place.complete().await(patience.toMillis(), TimeUnit.MILLISECONDS) && this.parties.leave(place)) {
				throw Status.DEADLINE_EXCEEDED
					.withDescription("Party '%s' is not complete after %d ms".formatted(name, patience.toMillis()))
					.asException();
			}
			return place.arrival();
		}
		catch (InterruptedException ex) {
			this.parties.leave(place);
			this.interrupted.incrementAndGet();
			throw ex;
		}
		finally {
			this.waiting.decrementAndGet();
		}
	}

	/**
	 * The guests that wait now.
	 * @return how many
	 */
	public int waiting() {
		return this.waiting.get();
	}

	/**
	 * The guests whose wait was ended by an interrupt.
	 * @return how many there were
	 */
	public int interrupted() {
		return this.interrupted.get();
	}

}
