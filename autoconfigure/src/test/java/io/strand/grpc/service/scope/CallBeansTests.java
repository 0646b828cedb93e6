package io.strand.grpc.service.scope;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.strand.grpc.testing.ConcurrentRun;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.BeanCurrentlyInCreationException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link CallBeans}.
 */
class CallBeansTests {

	private static final Duration SOON = Duration.ofSeconds(20);

	private final CallBeans beans = new CallBeans(new CurrentGrpcCall());

	private final List<String> destroyed = Collections.synchronizedList(new ArrayList<>());

	@Test
	void threadsThatAskAtTheSameTimeGetTheSameBean() {
		AtomicInteger made = new AtomicInteger();
		Set<Object> got = ConcurrentHashMap.newKeySet();
		ConcurrentRun.of(32, (index) -> got.add(this.beans.get("bean", () -> "bean " + made.incrementAndGet())))
			.join(SOON);
		assertThat(got).containsExactly("bean 1");
	}

	@Test
	void makerHoldsNoLockThatOthersNeed() throws Exception {
		CountDownLatch other = new CountDownLatch(1);
		Thread thread = new Thread(() -> {
			this.beans.get("other", Object::new);
			other.countDown();
		});
		Object bean = this.beans.get("bean", () -> {
			thread.start();
			awaitOpen(other);
			return "bean";
		});
		assertThat(bean).isEqualTo("bean");
		thread.join(SOON.toMillis());
	}

	@Test
	void beanMayNeedAnotherBean() {
		assertThat(this.beans.get("outer", () -> "outer of " + this.beans.get("inner", () -> "inner")))
			.isEqualTo("outer of inner");
	}

	@Test
	void beanThatNeedsItselfIsRefused() {
		assertThatExceptionOfType(BeanCurrentlyInCreationException.class)
			.isThrownBy(() -> this.beans.get("bean", () -> this.beans.get("bean", Object::new)))
			.withMessageContaining("'bean'");
		assertThat(this.beans.get("bean", () -> "later")).isEqualTo("later");
	}

	@Test
	void beansOfTwoThreadsThatNeedEachOtherAreRefused() {
		CyclicBarrier both = new CyclicBarrier(2);
		AtomicInteger refused = new AtomicInteger();
		ConcurrentRun.of(2, (index) -> {
			try {
				this.beans.get("bean " + index, () -> {
					awaitAll(both);
					return "of " + this.beans.get("bean " + (1 - index), Object::new);
				});
			}
			catch (BeanCurrentlyInCreationException ex) {
				refused.incrementAndGet();
			}
		}).join(SOON);
		assertThat(refused).hasPositiveValue();
	}

	@Test
	void afterAFailureTheNextOneMakesIt() {
		AtomicInteger attempts = new AtomicInteger();
		AtomicInteger failures = new AtomicInteger();
		ConcurrentRun.of(8, (index) -> {
			try {
				assertThat(this.beans.get("bean", () -> {
					if (attempts.incrementAndGet() < 4) {
						throw new IllegalArgumentException("not yet");
					}
					return "bean";
				})).isEqualTo("bean");
			}
			catch (IllegalArgumentException ex) {
				failures.incrementAndGet();
			}
		}).join(SOON);
		assertThat(failures).hasValue(3);
		assertThat(attempts).hasValue(4);
	}

	@Test
	void waitEndsWithAnInterrupt() throws Exception {
		CountDownLatch release = new CountDownLatch(1);
		CountDownLatch making = new CountDownLatch(1);
		Thread maker = new Thread(() -> this.beans.get("bean", () -> {
			making.countDown();
			awaitOpen(release);
			return "bean";
		}));
		maker.start();
		awaitOpen(making);
		AtomicInteger interrupted = new AtomicInteger();
		Thread waiter = new Thread(() -> {
			try {
				this.beans.get("bean", Object::new);
			}
			catch (IllegalStateException ex) {
				interrupted.set(Thread.currentThread().isInterrupted() ? 1 : 2);
			}
		});
		waiter.start();
		await().until(() -> waiter.getState() == Thread.State.WAITING);
		waiter.interrupt();
		waiter.join(SOON.toMillis());
		assertThat(interrupted).hasValue(1);
		release.countDown();
		maker.join(SOON.toMillis());
	}

	@Test
	void beansAreDestroyedOnceTheLastOneFirstAndOneFailureDoesNotMatter() {
		get("first");
		get("second");
		this.beans.onDestruction("second", () -> {
			throw new IllegalStateException("on purpose");
		});
		get("third");
		this.beans.end();
		this.beans.end();
		assertThat(this.destroyed).containsExactly("third", "second", "first");
	}

	@Test
	void afterTheEndThereIsNoBeanAnyMore() {
		get("bean");
		this.beans.end();
		assertThatIllegalStateException().isThrownBy(() -> get("bean"))
			.withMessageContaining("'bean' belongs to call no gRPC call, which has ended");
		assertThatIllegalStateException().isThrownBy(() -> get("new"));
		assertThat(this.destroyed).containsExactly("bean");
	}

	@Test
	void beanThatIsMadeWhileTheCallEndsIsDestroyedByItsMaker() {
		assertThatIllegalStateException().isThrownBy(() -> this.beans.get("bean", () -> {
			this.beans.end();
			this.beans.onDestruction("bean", () -> this.destroyed.add("bean"));
			return "bean";
		}));
		assertThat(this.destroyed).containsExactly("bean");
	}

	@Test
	void beansThatAreMadeWhileTheCallEndsAreDestroyedExactlyOnce() {
		for (int round = 0; round < 500; round++) {
			CallBeans ofRound = new CallBeans(new CurrentGrpcCall());
			AtomicInteger made = new AtomicInteger();
			AtomicInteger ended = new AtomicInteger();
			ConcurrentRun.of(3, (index) -> {
				if (index == 0) {
					ofRound.end();
					return;
				}
				try {
					ofRound.get("bean " + index, () -> {
						ofRound.onDestruction("bean " + index, ended::incrementAndGet);
						return made.incrementAndGet();
					});
				}
				catch (IllegalStateException ex) {
					// Too late
				}
			}).join(SOON);
			assertThat(ended).hasValue(made.get());
		}
	}

	@Test
	void removedBeanIsNotDestroyed() {
		get("bean");
		assertThat(this.beans.remove("bean")).isEqualTo("bean");
		assertThat(this.beans.remove("bean")).isNull();
		this.beans.end();
		assertThat(this.destroyed).isEmpty();
	}

	private Object get(String name) {
		return this.beans.get(name, () -> {
			this.beans.onDestruction(name, () -> this.destroyed.add(name));
			return name;
		});
	}

	private static void awaitOpen(CountDownLatch latch) {
		try {
			assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static void awaitAll(CyclicBarrier barrier) {
		try {
			barrier.await(20, TimeUnit.SECONDS);
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

}
