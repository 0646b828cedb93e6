package io.strand.grpc.sample.theatre;

import org.springframework.stereotype.Component;

/**
 * A number that one thread writes and another reads, with nothing that would make it
 * visible: that is left to the messages between them. Not thread-safe, on purpose.
 */
@Component
public class Blackboard {

	private int number;

	/**
	 * Writes.
	 * @param number what to write
	 */
	public void write(int number) {
		this.number = number;
	}

	int read() {
		return this.number;
	}

}
