package io.strand.grpc.sample.tour;

/**
 * Counts messages of several senders that arrive on one stream, and checks that each
 * sender's come in order and none is missing. Not thread-safe: a stream delivers one at a
 * time.
 */
class Tally {

	private final int[] expected;

	private int arrived;

	private int wrong;

	Tally(int senders) {
		this.expected = new int[senders];
	}

	void add(int sender, int number) {
		this.arrived++;
		if (sender < 0 || sender >= this.expected.length) {
			this.wrong++; // not a message that anybody sent
			return;
		}
		if (number != this.expected[sender]) {
			this.wrong++;
		}
		this.expected[sender] = number + 1;
	}

	int arrived() {
		return this.arrived;
	}

	int wrong() {
		return this.wrong;
	}

}
