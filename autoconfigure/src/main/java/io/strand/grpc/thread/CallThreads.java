package io.strand.grpc.thread;

import java.lang.reflect.InvocationTargetException;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

/**
 * Gives calls their threads. Where the JVM has virtual threads (Java 21 and newer), each
 * call can have one of its own; platform threads come from a bounded pool and are shared
 * by calls one after the other. This class is thread-safe.
 */
public final class CallThreads {

	private static final String NAME_PREFIX = "grpc-call-";

	private static final Duration KEEP_ALIVE = Duration.ofSeconds(30);

	private final Function<SerialTask, SerialThread> source;

	private final boolean virtual;

	private CallThreads(Function<SerialTask, SerialThread> source, boolean virtual) {
		this.source = source;
		this.virtual = virtual;
	}

	/**
	 * Whether this JVM has virtual threads.
	 * @return {@code true} on Java 21 and newer
	 */
	public static boolean areVirtualAvailable() {
		return Runtime.version().feature() >= 21;
	}

	/**
	 * A virtual thread for each task. All have the same name: a number would cost each
	 * call a string, and a virtual thread has an id.
	 * @param name the name of the threads
	 * @return a source of threads
	 */
	public static CallThreads virtual(String name) {
		ThreadFactory factory = virtualFactory(name);
		return new CallThreads((task) -> new OwnThread(factory, task), true);
	}

	/**
	 * The name of the virtual threads of a method's calls.
	 * @param method the full name of the method
	 * @return the name
	 */
	public static String nameFor(String method) {
		return NAME_PREFIX + method;
	}

	/**
	 * The method that a virtual thread works for.
	 * @param threadName the name of the thread
	 * @return the full name of the method, or {@code null} if it works for none
	 */
	public static @Nullable String methodOf(@Nullable String threadName) {
		return (threadName != null && threadName.startsWith(NAME_PREFIX) && threadName.indexOf('/') > 0)
				? threadName.substring(NAME_PREFIX.length()) : null;
	}

	/**
	 * Threads of a pool.
	 * @param pool the pool
	 * @return a source of threads
	 */
	public static CallThreads pooled(Executor pool) {
		return new CallThreads((task) -> new PooledThread(pool, task), false);
	}

	/**
	 * A bounded pool of platform threads for {@link #pooled}. Tasks wait in the order in
	 * which they came; threads that have nothing to do for 30 seconds end.
	 * @param namePrefix what the names of its threads begin with
	 * @param maxThreads how many threads it has at most
	 * @return a new pool, to be shut down by its owner
	 */
	public static ThreadPoolExecutor platformPool(String namePrefix, int maxThreads) {
		AtomicLong count = new AtomicLong();
		ThreadPoolExecutor pool = new ThreadPoolExecutor(maxThreads, maxThreads, KEEP_ALIVE.toSeconds(),
				TimeUnit.SECONDS, new LinkedBlockingQueue<>(), (task) -> {
					Thread thread = new Thread(task, namePrefix + count.getAndIncrement());
					thread.setDaemon(true);
					return thread;
				});
		pool.allowCoreThreadTimeOut(true);
		return pool;
	}

	/**
	 * Shuts a pool down at once: what it runs is interrupted, what waits for a thread is
	 * told that there is none.
	 * @param pool the pool
	 */
	public static void stop(ThreadPoolExecutor pool) {
		for (Runnable waiting : pool.shutdownNow()) {
			if (waiting instanceof PooledThread thread) {
				thread.rejected();
			}
		}
	}

	/**
	 * A factory of virtual threads.
	 * @param name the name of the threads
	 * @return the factory
	 * @throws IllegalStateException on a JVM without virtual threads
	 */
	public static ThreadFactory virtualFactory(String name) {
		// By reflection: the bytecode is for Java 17, which has no virtual threads
		try {
			Class<?> builderType = Class.forName("java.lang.Thread$Builder$OfVirtual");
			Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
			builderType.getMethod("name", String.class).invoke(builder, name);
			return (ThreadFactory) builderType.getMethod("factory").invoke(builder);
		}
		catch (ClassNotFoundException | NoSuchMethodException | IllegalAccessException | InvocationTargetException ex) {
			throw new IllegalStateException(
					"Virtual threads need Java 21 or newer, this is Java %s".formatted(Runtime.version()), ex);
		}
	}

	/**
	 * Starts a thread beside those of calls: virtual where the JVM has such.
	 * @param name its name
	 * @param task what it runs
	 * @return the started thread
	 */
	public static Thread start(String name, Runnable task) {
		Thread thread;
		if (areVirtualAvailable()) {
			thread = virtualFactory(name).newThread(task);
		}
		else {
			thread = new Thread(task, name);
			thread.setDaemon(true);
		}
		thread.start();
		return thread;
	}

	/**
	 * A thread for a task, not started yet.
	 * @param task the task
	 * @return the thread
	 */
	public SerialThread newThread(SerialTask task) {
		return this.source.apply(task);
	}

	/**
	 * Whether the threads are virtual.
	 * @return {@code false} for platform threads
	 */
	public boolean isVirtual() {
		return this.virtual;
	}

}
