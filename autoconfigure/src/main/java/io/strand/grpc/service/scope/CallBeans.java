package io.strand.grpc.service.scope;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;

import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.LoggedFailure;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanCurrentlyInCreationException;
import org.springframework.beans.factory.ObjectFactory;

/**
 * The beans of one call. Thread-safe.
 *
 * <p>
 * The first thread that asks for a bean makes it, without a lock, since constructors are
 * code of the application and may ask for other beans or wait for other threads of the
 * call. Others that ask for the same bean wait for it, since there must not be a second
 * one, or make it themselves if the first failed. Who would wait for itself, directly or
 * through other threads, is told so: each writes down what it waits for before it looks
 * whether the makers of that wait for it, so the last to complete a circle sees it.
 */
final class CallBeans {

	private static final Log logger = LogFactory.getLog(CallBeans.class);

	private final ConcurrentMap<String, Entry> entries = new ConcurrentHashMap<>();

	private final ConcurrentMap<Thread, Entry> waiting = new ConcurrentHashMap<>();

	private final GrpcCall call;

	private final ReentrantLock lock = new ReentrantLock();

	/** Guarded by the lock. */
	private final List<Destruction> destructions = new ArrayList<>();

	/** Written with the lock held, read by anyone. */
	private volatile boolean ended;

	CallBeans(GrpcCall call) {
		this.call = call;
	}

	/**
	 * The bean of a name. Blocks while another thread makes it.
	 * @param name the name
	 * @param factory makes the bean
	 * @return the bean, the same for every thread
	 * @throws IllegalStateException if the call has ended, or the thread is interrupted
	 * while it waits
	 */
	Object get(String name, ObjectFactory<?> factory) {
		while (true) {
			Entry known = this.entries.get(name);
			if (known == null) {
				Entry made = new Entry(name, Thread.currentThread());
				known = this.entries.putIfAbsent(name, made);
				if (known == null) {
					return make(made, factory);
				}
			}
			Object bean = known.bean;
			if (bean == null) {
				await(known);
				bean = known.bean;
			}
			if (bean != null) {
				refuseIfEnded(name);
				return bean;
			}
		}
	}

	private Object make(Entry entry, ObjectFactory<?> factory) {
		try {
			refuseIfEnded(entry.name);
			Object bean = factory.getObject();
			publish(entry, bean);
			refuseIfEnded(entry.name);
			return bean;
		}
		finally {
			if (entry.bean == null) {
				this.entries.remove(entry.name, entry);
				destroy(take(entry.name));
			}
			entry.done.countDown();
		}
	}

	private void publish(Entry entry, Object bean) {
		this.lock.lock();
		try {
			if (!this.ended) {
				entry.bean = bean;
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private void await(Entry entry) {
		Thread current = Thread.currentThread();
		Entry outer = this.waiting.put(current, entry);
		try {
			refuseCircle(entry, current);
			entry.done.await();
		}
		catch (InterruptedException ex) {
			current.interrupt();
			throw new IllegalStateException(
					"Interrupted while another thread makes bean '%s' of call %s".formatted(entry.name, this.call),
					LoggedFailure.of(ex));
		}
		finally {
			if (outer == null) {
				this.waiting.remove(current);
			}
			else {
				this.waiting.put(current, outer);
			}
		}
	}

	private void refuseCircle(Entry entry, Thread current) {
		for (Entry next = entry; next != null && next.bean == null; next = this.waiting.get(next.maker)) {
			if (next.maker == current) {
				throw new BeanCurrentlyInCreationException(entry.name,
						"Bean '%s' of call %s is asked for while it is made".formatted(entry.name, this.call));
			}
		}
	}

	private void refuseIfEnded(String name) {
		if (this.ended) {
			throw new IllegalStateException(
					("Bean '%s' belongs to call %s, which has ended, and thread '%s' is too late:"
							+ " let the handler wait for the threads that it starts")
						.formatted(name, this.call, Thread.currentThread().getName()));
		}
	}

	void onDestruction(String name, Runnable callback) {
		this.lock.lock();
		try {
			this.destructions.add(new Destruction(name, callback));
		}
		finally {
			this.lock.unlock();
		}
	}

	@Nullable Object remove(String name) {
		Entry entry = this.entries.get(name);
		Object bean = (entry != null) ? entry.bean : null;
		if (entry == null || bean == null || !this.entries.remove(name, entry)) {
			return null;
		}
		take(name); // not called, as the contract of scopes has it
		return bean;
	}

	private List<Destruction> take(String name) {
		this.lock.lock();
		try {
			List<Destruction> taken = this.destructions.stream().filter((each) -> each.name.equals(name)).toList();
			this.destructions.removeAll(taken);
			return taken;
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Destroys all beans, the last one first. A bean that is being made is destroyed by
	 * its maker.
	 */
	void end() {
		List<Destruction> now = new ArrayList<>();
		this.lock.lock();
		try {
			this.ended = true;
			this.destructions.removeIf((destruction) -> {
				Entry entry = this.entries.get(destruction.name);
				return entry != null && entry.bean != null && now.add(destruction);
			});
		}
		finally {
			this.lock.unlock();
		}
		destroy(now);
	}

	private void destroy(List<Destruction> all) {
		for (int i = all.size() - 1; i >= 0; i--) {
			try {
				all.get(i).callback.run();
			}
			catch (Throwable ex) {
				logger.error("Bean '%s' of call %s could not be destroyed".formatted(all.get(i).name, this.call),
						LoggedFailure.of(ex));
			}
		}
	}

	private record Destruction(String name, Runnable callback) {

	}

	private static final class Entry {

		private final String name;

		private final Thread maker;

		private final CountDownLatch done = new CountDownLatch(1);

		private volatile @Nullable Object bean;

		Entry(String name, Thread maker) {
			this.name = name;
			this.maker = maker;
		}

	}

}
