package io.strand.grpc.sample.tour;

import java.util.BitSet;

import io.strand.grpc.sample.proto.Pile;
import io.strand.grpc.sample.proto.SortedMail;

/**
 * Checks that each message of a call was received once, by one of the threads that
 * received, and that each thread received in order.
 */
class Receipts {

	private final int letters;

	private int once;

	private int wrong;

	private int receivers;

	private int busy;

	Receipts(int letters) {
		this.letters = letters;
	}

	/**
	 * Adds what one call received.
	 * @param first the number of the first letter that it was sent
	 * @param mail what each of its threads received
	 */
	void add(int first, SortedMail mail) {
		BitSet received = new BitSet();
		for (Pile pile : mail.getPilesList()) {
			this.receivers++;
			this.busy += (pile.getNumbersCount() > 0) ? 1 : 0;
			int last = -1;
			for (int number : pile.getNumbersList()) {
				int index = number - first;
				if (index < 0 || index >= this.letters || received.get(index) || index <= last) {
					this.wrong++;
				}
				else {
					received.set(index);
					this.once++;
				}
				last = index;
			}
		}
	}

	int once() {
		return this.once;
	}

	int wrong() {
		return this.wrong;
	}

	int receivers() {
		return this.receivers;
	}

	int busy() {
		return this.busy;
	}

}
