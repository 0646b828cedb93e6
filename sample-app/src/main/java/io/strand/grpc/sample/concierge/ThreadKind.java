package io.strand.grpc.sample.concierge;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

import org.jspecify.annotations.Nullable;

/**
 * Tells virtual threads from platform threads, also on a Java that has only the latter.
 */
final class ThreadKind {

	private static final @Nullable Method isVirtual = findIsVirtual();

	private ThreadKind() {
	}

	static String current() {
		return isVirtual(Thread.currentThread()) ? "virtual" : "platform";
	}

	private static boolean isVirtual(Thread thread) {
		try {
			return isVirtual != null && (boolean) isVirtual.invoke(thread);
		}
		catch (IllegalAccessException | InvocationTargetException ex) {
			throw new IllegalStateException("Thread.isVirtual() cannot be called", ex);
		}
	}

	private static @Nullable Method findIsVirtual() {
		try {
			return Thread.class.getMethod("isVirtual");
		}
		catch (NoSuchMethodException ex) {
			return null; // Java 17 has platform threads only
		}
	}

}
