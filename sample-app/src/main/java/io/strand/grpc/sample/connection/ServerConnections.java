package io.strand.grpc.sample.connection;

import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Attributes;
import io.grpc.ServerTransportFilter;

import org.springframework.stereotype.Component;

/**
 * Counts connections where they arrive, on the server. Thread-safe.
 */
@Component
public class ServerConnections extends ServerTransportFilter {

	private final AtomicInteger accepted = new AtomicInteger();

	private final AtomicInteger open = new AtomicInteger();

	@Override
	public Attributes transportReady(Attributes attributes) {
		this.accepted.incrementAndGet();
		this.open.incrementAndGet();
		return attributes;
	}

	@Override
	public void transportTerminated(Attributes attributes) {
		this.open.decrementAndGet();
	}

	/**
	 * The connections that were ever made.
	 * @return how many
	 */
	public int accepted() {
		return this.accepted.get();
	}

	/**
	 * The connections that are there now.
	 * @return how many
	 */
	public int open() {
		return this.open.get();
	}

}
