package io.strand.grpc.call;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.netty.util.concurrent.FastThreadLocalThread;
import io.strand.grpc.testing.LeakCheckExtension;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link SendGuard} against a transport that does as the test says. Its timed
 * look is an hour away, so a wake-up that gets lost is a hang.
 */
@Timeout(60)
@ExtendWith(LeakCheckExtension.class)
class SendGuardTests {

	private static final int QUEUE = 4;

	private final ExecutorService threads = Executors.newCachedThreadPool();

	private final FakeTransport transport = new FakeTransport(ConcurrentSend.SERIALIZE);

	@AfterEach
	void stop() {
		this.threads.shutdownNow();
	}

	@Test
	void senderWaitsUntilTheTransportIsReady() throws Exception {
		this.transport.ready = false;
		Future<?> sender = this.threads.submit(() -> this.transport.send("a"));
		awaitBlocked();
		assertThat(this.transport.sent).isEmpty();
		this.transport.becomeReady();
		sender.get(5, TimeUnit.SECONDS);
		assertThat(this.transport.sent).containsExactly("a");
		assertThat(this.transport.blockedNanos()).isPositive();
		assertThat(this.transport.waiting()).isNull();
	}

	@Test
	void theTimeBlockedGrowsWhileASenderWaitsAndIsKeptAfterwards() throws Exception {
		long after = 0;
		for (int i = 0; i < 2; i++) {
			this.transport.ready = false;
			Future<?> sender = this.threads.submit(() -> this.transport.send("a"));
			awaitBlocked();
			long before = after;
			await().until(() -> this.transport.blockedNanos() > before + TimeUnit.MILLISECONDS.toNanos(1));
			long during = this.transport.blockedNanos();
			assertThat(this.transport.waiting()).isNotNull()
				.satisfies((wait) -> assertThat(System.nanoTime() - wait.since()).isPositive());
			this.transport.becomeReady();
			sender.get(5, TimeUnit.SECONDS);
			after = this.transport.blockedNanos();
			assertThat(after).isGreaterThanOrEqualTo(during);
			assertThat(this.transport.blockedNanos()).isEqualTo(after);
		}
	}

	@Test
	void theTimeOfAWaitIsAddedToThatOfThoseBefore() {
		assertThat(new SendWait(Thread.currentThread(), 1000, 500).total(1700)).isEqualTo(500 + 700);
	}

	@Test
	void noWakeUpIsLostWhenReadinessRacesWithTheWait() throws Exception {
		int rounds = 100_000;
		this.transport.oneByOne = true;
		this.transport.ready = false;
		Future<?> sender = this.threads.submit(() -> {
			for (int i = 0; i < rounds; i++) {
				this.transport.send("");
			}
		});
		// As the transport: ready once for each message, at a moment of its own
		for (int i = 0; i < rounds; i++) {
			this.transport.becomeReady();
			while (this.transport.ready) {
				Thread.onSpinWait();
			}
		}
		sender.get(30, TimeUnit.SECONDS);
	}

	@Test
	void cancelWakesTheWaitAtWhateverMoment() throws Exception {
		for (int i = 0; i < 20_000; i++) {
			FakeTransport each = new FakeTransport(ConcurrentSend.SERIALIZE);
			each.ready = false;
			CyclicBarrier gate = new CyclicBarrier(2);
			Future<?> sender = this.threads.submit(() -> {
				gate.await();
				return statusOf(() -> each.send("a"));
			});
			gate.await();
			each.cancel(Status.DEADLINE_EXCEEDED);
			assertThat(sender.get(5, TimeUnit.SECONDS)).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
			assertThat(each.sent).isEmpty();
		}
	}

	@Test
	void interruptEndsTheWaitAndKeepsTheFlag() throws Exception {
		this.transport.ready = false;
		FutureTask<Boolean> task = new FutureTask<>(() -> {
			assertThat(statusOf(() -> this.transport.send("a"))).isEqualTo(Status.Code.CANCELLED);
			return Thread.currentThread().isInterrupted();
		});
		Thread thread = start(task);
		awaitBlocked();
		thread.interrupt();
		assertThat(task.get(5, TimeUnit.SECONDS)).isTrue();
		this.transport.becomeReady();
		this.transport.send("b");
		assertThat(this.transport.sent).containsExactly("b");
	}

	@Test
	void interruptEndsTheWaitForAnotherSender() throws Exception {
		this.transport.ready = false;
		Future<?> first = this.threads.submit(() -> this.transport.send("a"));
		awaitBlocked();
		FutureTask<Boolean> task = new FutureTask<>(() -> {
			assertThat(statusOf(() -> this.transport.send("b"))).isEqualTo(Status.Code.CANCELLED);
			return Thread.currentThread().isInterrupted();
		});
		Thread second = start(task);
		awaitParked(second);
		second.interrupt();
		assertThat(task.get(5, TimeUnit.SECONDS)).isTrue();
		this.transport.becomeReady();
		first.get(5, TimeUnit.SECONDS);
		assertThat(this.transport.sent).containsExactly("a");
	}

	@Test
	void goodEndWaitsForTheSendersBeforeIt() throws Exception {
		this.transport.ready = false;
		Future<?> blocked = this.threads.submit(() -> this.transport.send("a"));
		awaitBlocked();
		Thread queued = start(new FutureTask<>(() -> this.transport.send("b"), null));
		awaitParked(queued);
		FutureTask<?> end = new FutureTask<>(() -> this.transport.end("completed", false), null);
		awaitParked(start(end));
		assertThat(this.transport.sent).isEmpty();
		this.transport.becomeReady();
		end.get(5, TimeUnit.SECONDS);
		blocked.get(5, TimeUnit.SECONDS);
		assertThat(this.transport.sent).containsExactly("a", "b", "completed");
	}

	@Test
	void errorOvertakesABlockedSenderAndAWaitingEnd() throws Exception {
		this.transport.ready = false;
		Future<Status.Code> blocked = this.threads.submit(() -> statusOf(() -> this.transport.send("a")));
		awaitBlocked();
		FutureTask<String> end = new FutureTask<>(() -> refusalOf(() -> this.transport.end("completed", false)));
		awaitParked(start(end));
		this.transport.end("ended with ABORTED", true);
		assertThat(blocked.get(5, TimeUnit.SECONDS)).isEqualTo(Status.Code.CANCELLED);
		assertThat(end.get(5, TimeUnit.SECONDS)).contains("test call was already ended with ABORTED by thread")
			.contains(End.describe(Thread.currentThread()))
			.contains("ms ago");
		assertThat(this.transport.sent).containsExactly("ended with ABORTED");
	}

	@Test
	void racingEndsHaveOneWinner() throws Exception {
		for (int round = 0; round < 10_000; round++) {
			FakeTransport each = new FakeTransport(ConcurrentSend.SERIALIZE);
			CyclicBarrier gate = new CyclicBarrier(3);
			List<Future<String>> ends = new ArrayList<>();
			for (int i = 0; i < 3; i++) {
				boolean error = i > 0;
				String how = error ? "error" + i : "completed";
				ends.add(this.threads.submit(() -> {
					gate.await();
					return refusalOf(() -> each.end(how, error));
				}));
			}
			List<String> refusals = new ArrayList<>();
			for (Future<String> end : ends) {
				refusals.add(end.get(5, TimeUnit.SECONDS));
			}
			assertThat(each.sent).hasSize(1);
			String winner = "test call was already " + each.sent.get(0) + " by thread pool";
			assertThat(refusals).filteredOn(String::isEmpty).hasSize(1);
			assertThat(refusals).filteredOn((refusal) -> refusal.startsWith(winner)).hasSize(2);
		}
	}

	@Test
	void racingSendsAndEndsLoseNothingThatWasAccepted() throws Exception {
		for (int round = 0; round < 5_000; round++) {
			boolean error = round % 2 == 0;
			FakeTransport each = new FakeTransport(ConcurrentSend.SERIALIZE);
			CyclicBarrier gate = new CyclicBarrier(3);
			Future<Boolean> fromThread = this.threads.submit(() -> {
				gate.await();
				return accepted(() -> each.send("a"));
			});
			Future<Boolean> fromLoop = onEventLoop(() -> {
				gate.await();
				return accepted(() -> each.send("b"));
			});
			gate.await();
			each.end("end", error);
			List<String> expected = new ArrayList<>();
			if (fromThread.get(5, TimeUnit.SECONDS)) {
				expected.add("a");
			}
			if (fromLoop.get(5, TimeUnit.SECONDS)) {
				expected.add("b");
			}
			expected.add("end");
			assertThat(each.sent).containsExactlyInAnyOrderElementsOf(expected).endsWith("end");
		}
	}

	@Test
	void sendAfterTheEndSaysHowWhenAndByWhom() {
		this.transport.end("completed", false);
		assertThatIllegalStateException().isThrownBy(() -> this.transport.send("a"))
			.withMessageMatching(
					"test call was already completed by thread .*#\\d+ \\d+ ms ago; nothing more can be sent");
		assertThatIllegalStateException().isThrownBy(() -> this.transport.end("completed", false))
			.withMessageContaining("it cannot be completed as well");
	}

	@Test
	void eventLoopIsToldWhenTheQueueIsFullAndCanSendAgainOnceReady() throws Exception {
		this.transport.ready = false;
		onEventLoop(() -> {
			for (int i = 0; i < QUEUE; i++) {
				this.transport.send("" + i);
			}
			assertThat(statusOf(() -> this.transport.send("x"))).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
			this.transport.becomeReady();
			this.transport.send("4");
			this.transport.ready = false;
			for (int i = 5; i < 5 + QUEUE; i++) {
				this.transport.send("" + i);
			}
			assertThat(statusOf(() -> this.transport.send("x"))).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
			return null;
		}).get(5, TimeUnit.SECONDS);
		assertThat(this.transport.sent).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8");
	}

	@Test
	@ExtendWith(OutputCaptureExtension.class)
	void eventLoopNeverWaitsForABlockedSender(CapturedOutput output) throws Exception {
		this.transport.ready = false;
		Future<?> blocked = this.threads.submit(() -> this.transport.send("a"));
		awaitBlocked();
		onEventLoop(() -> {
			for (int i = 0; i < QUEUE; i++) {
				this.transport.send("" + i);
			}
			assertThat(statusOf(() -> this.transport.send("x"))).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
			// The end is never refused for want of room
			this.transport.end("completed", false);
			assertThat(refusalOf(() -> this.transport.end("completed", false))).contains("already completed");
			assertThat(refusalOf(() -> this.transport.send("y"))).contains("already completed");
			return null;
		}).get(5, TimeUnit.SECONDS);
		assertThat(this.transport.sent).isEmpty();
		assertThat(refusalOf(() -> this.transport.end("error", true))).contains("already completed");
		this.transport.becomeReady();
		blocked.get(5, TimeUnit.SECONDS);
		await()
			.untilAsserted(() -> assertThat(this.transport.sent).containsExactly("a", "0", "1", "2", "3", "completed"));
		assertThat(output.toString().split("is sent to by the event loop", -1).length).isLessThanOrEqualTo(2);
	}

	@Test
	void errorFromAnEventLoopReachesABlockedSender() throws Exception {
		this.transport.ready = false;
		Future<Status.Code> blocked = this.threads.submit(() -> statusOf(() -> this.transport.send("a")));
		awaitBlocked();
		onEventLoop(() -> {
			this.transport.end("error", true);
			return null;
		}).get(5, TimeUnit.SECONDS);
		assertThat(blocked.get(5, TimeUnit.SECONDS)).isEqualTo(Status.Code.CANCELLED);
		await().untilAsserted(() -> assertThat(this.transport.sent).containsExactly("error"));
	}

	@Test
	void whatEventLoopsSendKeepsItsOrderWhileOthersSend() throws Exception {
		int messages = 20_000;
		FakeTransport each = new FakeTransport(ConcurrentSend.SERIALIZE);
		List<Future<?>> senders = new ArrayList<>();
		for (int s = 0; s < 3; s++) {
			String name = "s" + s + ":";
			Callable<Void> task = () -> {
				for (int i = 0; i < messages; i++) {
					String message = name + i;
					while (!accepted(() -> each.send(message))) {
						Thread.onSpinWait();
					}
				}
				return null;
			};
			senders.add((s == 0) ? this.threads.submit(task) : onEventLoop(task));
		}
		for (Future<?> sender : senders) {
			sender.get(30, TimeUnit.SECONDS);
		}
		each.end("end", false);
		int[] next = new int[3];
		assertThat(each.sent).hasSize(3 * messages + 1);
		for (String message : each.sent.subList(0, 3 * messages)) {
			int sender = message.charAt(1) - '0';
			assertThat(message).isEqualTo("s" + sender + ":" + next[sender]++);
		}
		assertThat(each.overlaps).hasValue(0);
	}

	@Test
	void failModeTellsTheSecondSenderWhereTheFirstIs() throws Exception {
		FakeTransport each = new FakeTransport(ConcurrentSend.FAIL);
		each.ready = false;
		FutureTask<?> first = new FutureTask<>(() -> each.send("a"), null);
		Thread thread = start(first);
		await().until(() -> each.waiting() != null);
		assertThatExceptionOfType(ConcurrentStreamUseException.class).isThrownBy(() -> each.send("b"))
			.withMessageContaining("test call")
			.withMessageContaining(End.describe(thread))
			.withMessageContaining(End.describe(Thread.currentThread()))
			.satisfies((ex) -> assertThat(ex.getSuppressed()[0].getStackTrace())
				.anyMatch((frame) -> frame.getMethodName().equals("awaitReady")));
		assertThatExceptionOfType(ConcurrentStreamUseException.class).isThrownBy(() -> each.end("completed", false));
		each.becomeReady();
		first.get(5, TimeUnit.SECONDS);
		each.send("c");
		each.end("completed", false);
		assertThat(each.sent).containsExactly("a", "c", "completed");
	}

	@Test
	void failModeHasNoFalseAlarmWhenThreadsTakeTurns() throws Exception {
		FakeTransport each = new FakeTransport(ConcurrentSend.FAIL);
		int turns = 100_000;
		AtomicInteger turn = new AtomicInteger();
		Future<?> other = this.threads.submit(() -> takeTurns(each, turn, 1, turns));
		takeTurns(each, turn, 0, turns);
		other.get(30, TimeUnit.SECONDS);
		assertThat(turn).hasValue(turns);
	}

	private static void takeTurns(FakeTransport each, AtomicInteger turn, int parity, int turns) {
		for (int i = parity; i < turns; i += 2) {
			while (turn.get() != i) {
				Thread.onSpinWait();
			}
			each.send("");
			turn.set(i + 1);
		}
	}

	@Test
	void failModeHasNoFalseAlarmWhenSendingSendsAgain() {
		FakeTransport each = new FakeTransport(ConcurrentSend.FAIL);
		each.guardedSend(() -> each.send("inner"), true);
		assertThat(each.sent).containsExactly("inner");
	}

	@Test
	void exceptionOfTheTransportLeavesTheGuardFree() {
		assertThatIllegalStateException().isThrownBy(() -> this.transport.guardedSend(() -> {
			throw new IllegalStateException("broken");
		}, true));
		this.transport.send("a");
		assertThat(this.transport.sent).containsExactly("a");
	}

	private void awaitBlocked() {
		await().until(() -> this.transport.waiting() != null);
	}

	private static void awaitParked(Thread thread) {
		await().until(() -> thread.getState() == Thread.State.WAITING);
	}

	private static Thread start(Runnable task) {
		Thread thread = new Thread(task);
		thread.start();
		return thread;
	}

	private static <T> Future<T> onEventLoop(Callable<T> task) {
		FutureTask<T> future = new FutureTask<>(task);
		new FastThreadLocalThread(future).start();
		return future;
	}

	private static boolean accepted(Runnable send) {
		try {
			send.run();
			return true;
		}
		catch (IllegalStateException | StatusRuntimeException ex) {
			return false;
		}
	}

	private static Status.Code statusOf(Runnable send) {
		try {
			send.run();
			return Status.Code.OK;
		}
		catch (StatusRuntimeException ex) {
			return ex.getStatus().getCode();
		}
	}

	private static String refusalOf(Runnable send) {
		try {
			send.run();
			return "";
		}
		catch (IllegalStateException ex) {
			return String.valueOf(ex.getMessage());
		}
	}

	/**
	 * A transport, not thread-safe but for its readiness.
	 */
	private static final class FakeTransport extends SendGuard {

		private final List<String> sent = Collections.synchronizedList(new ArrayList<>());

		private final AtomicInteger inside = new AtomicInteger();

		private final AtomicInteger overlaps = new AtomicInteger();

		private volatile boolean ready = true;

		/** Whether it is ready for one message only. */
		private volatile boolean oneByOne;

		private volatile @Nullable Status cancelled;

		FakeTransport(ConcurrentSend mode) {
			super(mode, QUEUE, TimeUnit.HOURS.toNanos(1));
		}

		void send(String message) {
			guardedSend(() -> add(message), true);
		}

		void guardedSend(Runnable transmit, boolean mayWait) {
			super.send(transmit, mayWait);
		}

		void end(String how, boolean error) {
			end(how, error, () -> add(how));
		}

		private void add(String message) {
			if (this.inside.incrementAndGet() != 1) {
				this.overlaps.incrementAndGet();
			}
			if (!message.isEmpty()) {
				this.sent.add(message);
			}
			this.inside.decrementAndGet();
			if (this.oneByOne) {
				this.ready = false;
			}
		}

		void becomeReady() {
			this.ready = true;
			wake();
		}

		void cancel(Status status) {
			this.cancelled = status;
			wake();
		}

		@Override
		boolean isReady() {
			return this.ready;
		}

		@Override
		@Nullable Status cancellation() {
			return this.cancelled;
		}

		@Override
		String describe() {
			return "test call";
		}

	}

}
