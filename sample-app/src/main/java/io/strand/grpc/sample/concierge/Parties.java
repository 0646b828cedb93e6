package io.strand.grpc.sample.concierge;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;

import io.grpc.Status;
import io.grpc.StatusException;

/**
 * The parties that are not complete yet. Thread-safe. Each call is short and none waits
 * for a guest.
 */
class Parties {

	private static final int MOST_PARTIES = 1_000;

	private final ReentrantLock lock = new ReentrantLock();

	// Mutable state, guarded by lock: the map and what its parties have counted

	private final Map<String, Party> incomplete = new HashMap<>();

	/**
	 * Takes in a guest and completes the party if it was the last one.
	 * @param name the party
	 * @param size how many guests it has
	 * @return the guest's place in it
	 * @throws StatusException if the others gave another size, or there are too many
	 * parties
	 */
	Place arrive(String name, int size) throws StatusException {
		this.lock.lock();
		try {
			Party party = this.incomplete.get(name);
			if (party == null) {
				party = open(name, size);
			}
			if (party.size != size) {
				throw Status.INVALID_ARGUMENT
					.withDescription("Party '%s' has %d guests, not %d".formatted(name, party.size, size))
					.asException();
			}
			party.arrived++;
			if (party.arrived == size) {
				this.incomplete.remove(name);
				party.complete.countDown();
			}
			return new Place(name, party, party.arrived);
		}
		finally {
			this.lock.unlock();
		}
	}

	private Party open(String name, int size) throws StatusException {
		if (this.incomplete.size() == MOST_PARTIES) {
			throw Status.RESOURCE_EXHAUSTED
				.withDescription("%d parties wait already, no more are taken".formatted(MOST_PARTIES))
				.asException();
		}
		Party party = new Party(size);
		this.incomplete.put(name, party);
		return party;
	}

	/**
	 * Lets a guest go who does not want to wait longer.
	 * @param place the guest's place
	 * @return {@code false} if the party has become complete in the meantime
	 */
	boolean leave(Place place) {
		this.lock.lock();
		try {
			Party party = place.party();
			if (party.complete.getCount() == 0) {
				return false;
			}
			party.arrived--;
			if (party.arrived == 0) {
				this.incomplete.remove(place.name());
			}
			return true;
		}
		finally {
			this.lock.unlock();
		}
	}

	record Place(String name, Party party, int arrival) {

		CountDownLatch complete() {
			return this.party.complete;
		}

	}

	static final class Party {

		private final int size;

		private final CountDownLatch complete = new CountDownLatch(1);

		private int arrived;

		private Party(int size) {
			this.size = size;
		}

	}

}
