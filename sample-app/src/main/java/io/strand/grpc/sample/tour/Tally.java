package io.strand.grpc.sample.tour;

/**
 * Counts messages of several senders that arrive on one stream, and checks that each
 * sender's come whole and in order. Not thread-safe: a stream delivers one at a time.
 */
class Tally {

	private final int[] expected;

	private int arrived;

	private int wrong;

	Tally(int senders) {
		this.expected = new int[senders];
	}

	static String message(int sender, int number) {
		return sender + ":" + number;
	}

	void add(String message) {
		this.arrived++;
		int colon = message.indexOf(':');
		try {
			int sender = Integer.parseInt(message.substring(0, colon));
			if (!message.equals(message(sender, this.expected[sender]))) {
				this.wrong++;
			}
			this.expected[sender]++;
		}
		catch (NumberFormatException | IndexOutOfBoundsException ex) {
			this.wrong++; // not a message that anybody sent
		}
	}

	int arrived() {
		return this.arrived;
	}

	int wrong() {
		return this.wrong;
	}

}
