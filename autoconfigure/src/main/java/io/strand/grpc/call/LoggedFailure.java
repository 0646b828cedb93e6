package io.strand.grpc.call;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * Stands in the log for an exception whose message a client may have written: with the
 * same name, stack and causes, and the messages escaped. Most exceptions need none.
 */
public final class LoggedFailure extends Exception {

	private final String text;

	private LoggedFailure(Throwable original, Set<Throwable> seen) {
		super(null, (original.getCause() != null) ? of(original.getCause(), seen) : null, true, true);
		this.text = LogText.of(original.toString());
		setStackTrace(original.getStackTrace());
		for (Throwable suppressed : original.getSuppressed()) {
			addSuppressed(of(suppressed, seen));
		}
	}

	/**
	 * What to log for an exception.
	 * @param thrown the exception
	 * @return the exception itself, if its messages and those of its causes are fit for
	 * the log
	 */
	public static Throwable of(Throwable thrown) {
		return isFit(thrown, newSet()) ? thrown : of(thrown, newSet());
	}

	private static Throwable of(Throwable thrown, Set<Throwable> seen) {
		return seen.add(thrown) ? new LoggedFailure(thrown, seen) : thrown;
	}

	private static boolean isFit(@Nullable Throwable thrown, Set<Throwable> seen) {
		if (thrown == null || !seen.add(thrown)) {
			return true;
		}
		String message = thrown.getMessage();
		if (message != null && !message.chars().noneMatch((character) -> LogText.isUnfit((char) character))) {
			return false;
		}
		for (Throwable suppressed : thrown.getSuppressed()) {
			if (!isFit(suppressed, seen)) {
				return false;
			}
		}
		return isFit(thrown.getCause(), seen);
	}

	private static Set<Throwable> newSet() {
		return Collections.newSetFromMap(new IdentityHashMap<>());
	}

	@Override
	public String getMessage() {
		return this.text;
	}

	@Override
	public String toString() {
		return this.text;
	}

}
