package io.strand.grpc.sample.theatre;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import org.springframework.stereotype.Component;

/**
 * Keeps in mind what the handlers of {@code sample.Theatre} saw. Thread-safe.
 */
@Component
public class Stage {

	/** More of what was said are a stranger's, who calls without end. */
	private static final int MOST_KEPT = 1_000;

	private final AtomicInteger endedWell = new AtomicInteger();

	private final AtomicInteger endedBadly = new AtomicInteger();

	private final Queue<String> refusedEnds = new ConcurrentLinkedQueue<>();

	private final Queue<String> interruptions = new ConcurrentLinkedQueue<>();

	private final AtomicInteger announced = new AtomicInteger();

	private final AtomicInteger refusedAnnouncements = new AtomicInteger();

	void endWell() {
		this.endedWell.incrementAndGet();
	}

	void endBadly() {
		this.endedBadly.incrementAndGet();
	}

	void refuseEnd(String told) {
		keep(this.refusedEnds, told);
	}

	void interrupt(String told) {
		keep(this.interruptions, told);
	}

	private static void keep(Queue<String> kept, String told) {
		kept.add(told);
		if (kept.size() > MOST_KEPT) {
			kept.poll();
		}
	}

	void announce() {
		this.announced.incrementAndGet();
	}

	void refuseAnnouncement() {
		this.refusedAnnouncements.incrementAndGet();
	}

	/**
	 * The plays that {@code onCompleted} ended.
	 * @return how many
	 */
	public int endedWell() {
		return this.endedWell.get();
	}

	/**
	 * The plays that {@code onError} ended.
	 * @return how many
	 */
	public int endedBadly() {
		return this.endedBadly.get();
	}

	/**
	 * What those were told who ended a play that had ended.
	 * @return the messages, a live view
	 */
	public Queue<String> refusedEnds() {
		return this.refusedEnds;
	}

	/**
	 * What those were told who spoke while another did.
	 * @return the messages, a live view
	 */
	public Queue<String> interruptions() {
		return this.interruptions;
	}

	/**
	 * The lines that event loops could send.
	 * @return how many
	 */
	public int announced() {
		return this.announced.get();
	}

	/**
	 * The lines of event loops that were refused.
	 * @return how many
	 */
	public int refusedAnnouncements() {
		return this.refusedAnnouncements.get();
	}

}
