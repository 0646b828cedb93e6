package io.strand.grpc.thread;

import java.lang.reflect.InvocationTargetException;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs calls, each on a thread that it shares with no other call at the same time: a
 * virtual thread where the JVM has them (Java 21 and newer), else a platform thread from
 * a cached pool. This class is thread-safe.
 */
public final class CallExecutor implements Executor, AutoCloseable {

	private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

	private final ExecutorService threads;

	private final boolean virtual;

	private CallExecutor(ExecutorService threads, boolean virtual) {
		this.threads = threads;
		this.virtual = virtual;
	}

	/**
	 * An executor on virtual threads if this JVM has them, else on platform threads.
	 * @param namePrefix what the name of each thread begins with
	 * @return a new executor, to be closed by its owner
	 */
	public static CallExecutor preferVirtual(String namePrefix) {
		return (Runtime.version().feature() >= 21) ? virtual(namePrefix) : platform(namePrefix);
	}

	/**
	 * An executor on platform threads, as many as there are calls at the same time.
	 * @param namePrefix what the name of each thread begins with
	 * @return a new executor, to be closed by its owner
	 */
	public static CallExecutor platform(String namePrefix) {
		AtomicLong count = new AtomicLong();
		return new CallExecutor(Executors.newCachedThreadPool((task) -> {
			Thread thread = new Thread(task, namePrefix + count.getAndIncrement());
			thread.setDaemon(true);
			return thread;
		}), false);
	}

	private static CallExecutor virtual(String namePrefix) {
		// By reflection: the bytecode is for Java 17, which has no virtual threads
		try {
			Class<?> builderType = Class.forName("java.lang.Thread$Builder$OfVirtual");
			Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
			builderType.getMethod("name", String.class, long.class).invoke(builder, namePrefix, 0L);
			ThreadFactory factory = (ThreadFactory) builderType.getMethod("factory").invoke(builder);
			return new CallExecutor(
					(ExecutorService) Executors.class.getMethod("newThreadPerTaskExecutor", ThreadFactory.class)
						.invoke(null, factory),
					true);
		}
		catch (ClassNotFoundException | NoSuchMethodException | IllegalAccessException | InvocationTargetException ex) {
			throw new IllegalStateException(
					"This JVM says it is Java %s but has no virtual threads".formatted(Runtime.version()), ex);
		}
	}

	@Override
	public void execute(Runnable task) {
		this.threads.execute(task);
	}

	/**
	 * Whether calls run on virtual threads.
	 * @return {@code false} where they run on platform threads
	 */
	public boolean isVirtual() {
		return this.virtual;
	}

	/**
	 * Takes no more calls, interrupts those that still run and waits up to five seconds
	 * for them to end.
	 */
	@Override
	public void close() {
		this.threads.shutdownNow();
		try {
			this.threads.awaitTermination(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
