package io.strand.grpc.sample.postoffice;

import java.util.concurrent.atomic.AtomicInteger;

import org.springframework.stereotype.Component;

/**
 * Counts the letters and the tables of all calls. Thread-safe.
 */
@Component
public class Mailroom {

	private final AtomicInteger takenIn = new AtomicInteger();

	private final AtomicInteger handedOut = new AtomicInteger();

	private final AtomicInteger tablesSetUp = new AtomicInteger();

	private final AtomicInteger tablesInUse = new AtomicInteger();

	void takeIn() {
		this.takenIn.incrementAndGet();
	}

	void handOut() {
		this.handedOut.incrementAndGet();
	}

	void setUpTable() {
		this.tablesInUse.incrementAndGet();
		this.tablesSetUp.incrementAndGet();
	}

	void clearTable() {
		this.tablesInUse.decrementAndGet();
	}

	/**
	 * The letters that clients of {@code Exchange} brought and its handlers have
	 * received.
	 * @return how many
	 */
	public int takenIn() {
		return this.takenIn.get();
	}

	/**
	 * The letters of {@code Exchange} whose sending has returned.
	 * @return how many
	 */
	public int handedOut() {
		return this.handedOut.get();
	}

	/**
	 * The tables that calls of {@code Sort} have ever had.
	 * @return how many
	 */
	public int tablesSetUp() {
		return this.tablesSetUp.get();
	}

	/**
	 * The tables of calls that have not ended.
	 * @return how many
	 */
	public int tablesInUse() {
		return this.tablesInUse.get();
	}

}
