package io.strand.grpc.security;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

import io.grpc.ServerCall;
import org.jspecify.annotations.Nullable;

/**
 * Counts the failed authentications of each client address, or of each /64 network with
 * IPv6, in a window that begins with the first of them. Once there are too many, no
 * credentials from there are looked at until the window ends, right ones neither: they
 * would tell who guesses that the guess was right. Calls at the same time may go a little
 * beyond the limit. Thread-safe.
 *
 * <p>
 * Memory is bounded: of more than {@value #MAX_ADDRESSES} addresses, the one last heard
 * of longest ago is forgotten. Clients that have no address, such as those of a Unix
 * domain socket, are not counted.
 */
public final class FailedAttempts {

	static final int MAX_ADDRESSES = 10_000;

	private final ReentrantLock lock = new ReentrantLock();

	private final int max;

	private final Duration window;

	private final LongSupplier nanoTime;

	/** Guarded by the lock. */
	private final Map<ByteBuffer, Window> windows = new LinkedHashMap<>(16, 0.75f, true) {

		@Override
		protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Window> eldest) {
			return size() > MAX_ADDRESSES;
		}

	};

	/**
	 * Makes a limit.
	 * @param max how many failures in a window
	 * @param window how long a window is
	 */
	public FailedAttempts(int max, Duration window) {
		this(max, window, System::nanoTime);
	}

	FailedAttempts(int max, Duration window, LongSupplier nanoTime) {
		this.max = max;
		this.window = window;
		this.nanoTime = nanoTime;
	}

	/**
	 * Refuses a call before its credentials are looked at.
	 * @throws TooManyFailedAttemptsException if its address has failed too often
	 */
	void refuseIfTooMany(ServerCall<?, ?> call) {
		ByteBuffer key = key(call);
		if (key != null && isOver(key)) {
			throw new TooManyFailedAttemptsException(
					"%d authentications from this address have failed within %s".formatted(this.max, this.window));
		}
	}

	private boolean isOver(ByteBuffer key) {
		this.lock.lock();
		try {
			Window known = this.windows.get(key);
			return known != null && !hasEnded(known) && known.failures >= this.max;
		}
		finally {
			this.lock.unlock();
		}
	}

	void failed(ServerCall<?, ?> call) {
		ByteBuffer key = key(call);
		if (key == null) {
			return;
		}
		this.lock.lock();
		try {
			Window known = this.windows.get(key);
			if (known == null || hasEnded(known)) {
				known = new Window(this.nanoTime.getAsLong());
				this.windows.put(key, known);
			}
			known.failures++;
		}
		finally {
			this.lock.unlock();
		}
	}

	private boolean hasEnded(Window window) {
		return this.nanoTime.getAsLong() - window.begin >= this.window.toNanos();
	}

	int size() {
		this.lock.lock();
		try {
			return this.windows.size();
		}
		finally {
			this.lock.unlock();
		}
	}

	private static @Nullable ByteBuffer key(ServerCall<?, ?> call) {
		InetAddress address = (GrpcCallDetails.address(call) instanceof InetSocketAddress inet) ? inet.getAddress()
				: null;
		if (address == null) {
			return null;
		}
		byte[] bytes = address.getAddress();
		// Whoever has one address of such a network has all of them
		return ByteBuffer.wrap((address instanceof Inet6Address) ? Arrays.copyOf(bytes, 8) : bytes);
	}

	private static final class Window {

		private final long begin;

		private int failures;

		Window(long begin) {
			this.begin = begin;
		}

	}

}
