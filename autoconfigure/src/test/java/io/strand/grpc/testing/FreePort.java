package io.strand.grpc.testing;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A TCP port that nobody listens on, and that the operating system gives to nobody who
 * asks for any port: outgoing connections have theirs from a range above these, so the
 * port is still free when a server is started at it later.
 */
public final class FreePort {

	private static final int FIRST = 20_000;

	private static final int END = 30_000;

	private static final int TRIALS = 100;

	private static final Set<Integer> given = ConcurrentHashMap.newKeySet();

	private FreePort() {
	}

	/**
	 * Finds one.
	 * @return the port, which this returned to nobody before
	 */
	public static int find() {
		for (int i = 0; i < TRIALS; i++) {
			int port = ThreadLocalRandom.current().nextInt(FIRST, END);
			try {
				new ServerSocket(port).close();
				if (given.add(port)) {
					return port;
				}
			}
			catch (IOException ex) {
				// Taken
			}
		}
		throw new IllegalStateException("No port is free");
	}

}
