package io.strand.grpc.thread;

/**
 * Tells the threads that must never be blocked from those that may be.
 */
public final class EventLoops {

	private static final ClassValue<Boolean> EVENT_LOOP = new ClassValue<>() {

		@Override
		protected Boolean computeValue(Class<?> type) {
			return isEventLoop(type);
		}

	};

	private EventLoops() {
	}

	/**
	 * Whether the current thread serves many connections or tasks: an event loop of Netty
	 * (whichever package it was moved to) or a non-blocking thread of Reactor.
	 * @return whether it must not be blocked
	 */
	public static boolean isCurrentThread() {
		return EVENT_LOOP.get(Thread.currentThread().getClass());
	}

	private static boolean isEventLoop(Class<?> type) {
		for (Class<?> current = type; current != null && current != Thread.class; current = current.getSuperclass()) {
			if (current.getSimpleName().equals("FastThreadLocalThread")) {
				return true;
			}
			for (Class<?> implemented : current.getInterfaces()) {
				if (implemented.getName().equals("reactor.core.scheduler.NonBlocking")) {
					return true;
				}
			}
		}
		return false;
	}

}
