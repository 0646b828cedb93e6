package io.strand.grpc.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * One call: receives the events of its stream on the transport thread, where it never
 * blocks, and has a {@link HandlerRun} handle them on the call's own thread.
 *
 * <p>
 * <b>States</b> ({@link #phase}):
 *
 * <pre>
 *   ARRIVED ──► WAITING ──► ADMITTED ──► RUNNING ──► ENDED
 *      │           │           │                       ▲
 *      └───────────┴───────────┴───────────────────────┘
 * </pre>
 *
 * ARRIVED: a call whose client sends one message waits for its half-close, so that its
 * thread finds the whole request; others go on at once. WAITING: at a limit. ADMITTED: it
 * has passed the limits and will get a thread. RUNNING: it has, or had, a thread. ENDED:
 * its last callback has returned, or it never ran. Who moves the phase (by
 * compare-and-set) does what the step needs: from ARRIVED the transport thread or the
 * timeout; from WAITING whoever gives a place back, the timer that refuses, the timeout,
 * or the transport thread that cancels; from ADMITTED the call's thread that begins, the
 * transport thread that cancels, or whoever found that there is no thread; from RUNNING
 * the call's thread, or who was refused a thread for a call that had none at the time.
 * Who leaves ADMITTED or RUNNING for ENDED gives the places back.
 *
 * <p>
 * <b>Mailbox.</b> The transport thread is the only producer, the call's thread the only
 * consumer. Messages are in the {@link Inbox}; all other events are bits of
 * {@link #events}, set after the message that came before them and read before the inbox
 * is found empty, so a half-close never overtakes a message. Readiness and cancellation
 * go past the mailbox as well: they wake a sender that waits in the handler, and
 * interrupt.
 */
final class HandlerCall<Q, R> extends ServerCall.Listener<Q> {

	static final int HALF_CLOSED = 1;

	static final int READY = 2;

	static final int CANCELLED = 4;

	static final int COMPLETED = 8;

	/** The server ends the call itself, so its completion is no success. */
	static final int ABORTED = 16;

	private static final Log logger = LogFactory.getLog(HandlerCall.class);

	private static final LineQuota refusals = new LineQuota(
			(leftOut) -> logger.warn("%d more calls were refused at a limit".formatted(leftOut)));

	private static final VarHandle EVENTS;

	private static final VarHandle PHASE;

	private static final VarHandle ID;

	private static final VarHandle SERVED;

	static {
		try {
			EVENTS = MethodHandles.lookup().findVarHandle(HandlerCall.class, "events", int.class);
			ID = MethodHandles.lookup().findVarHandle(HandlerCall.class, "id", long.class);
			PHASE = MethodHandles.lookup().findVarHandle(HandlerCall.class, "phase", Phase.class);
			SERVED = MethodHandles.lookup().findVarHandle(HandlerCall.class, "served", ServedCall.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	enum Phase {

		ARRIVED, WAITING, ADMITTED, RUNNING, ENDED

	}

	private final CallEngine engine;

	private final MethodPlan plan;

	private final EngineServerCall<Q, R> call;

	private final HandlerRun<Q, R> run;

	private final Context context;

	/** Ends the call when it has lasted too long, if its method has such a limit. */
	private final @Nullable CallTimeout timeout;

	private final CallThread thread;

	private final long arrivedNanos = System.nanoTime();

	private final Inbox inbox;

	/** Zero until somebody asks for it. */
	private volatile long id;

	/** Where the registry keeps this call. */
	private CallRegistry.@Nullable Slot slot;

	private volatile Phase phase = Phase.ARRIVED;

	private volatile int events;

	/** Whether the places were given back. */
	private volatile boolean left;

	/** The call as the application sees it, once it has asked. */
	private volatile @Nullable ServedCall served;

	/** Delivers while blocking code runs in a callback; for methods of such code. */
	private volatile @Nullable Pump pump;

	/** Refuses the call when it has waited too long; published by the waiting line. */
	private @Nullable Future<?> refusal;

	HandlerCall(CallEngine engine, MethodPlan plan, ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		this.engine = engine;
		this.plan = plan;
		Context current = Context.current();
		Duration longest = plan.settings().maxDuration();
		this.timeout = longest.isZero() ? null : CallTimeout.of(this, current, engine, longest);
		this.context = ((this.timeout != null) ? this.timeout.context() : current).withValue(ServedCall.KEY, this);
		this.inbox = plan.clientSendsOneMessage() ? new SingleInbox() : new StreamInbox();
		this.run = new HandlerRun<>(this, headers, next);
		this.thread = new CallThread(plan, this.run);
		this.call = new EngineServerCall<>(call, plan, this);
	}

	// On the transport thread

	void arrive(CallRegistry.Slot registered) {
		this.slot = registered;
		if (this.timeout != null) {
			this.timeout.start();
		}
		if (this.plan.clientSendsOneMessage()) {
			// Two, as generated code does, to catch a client that sends more than one
			this.call.requestFromTransport(2);
		}
		else {
			askForMore();
			proceed();
		}
	}

	@Override
	public void onMessage(Q message) {
		this.inbox.add(message);
		if (this.phase == Phase.ENDED) {
			this.inbox.discard();
			return;
		}
		askForMore();
		wake();
	}

	@Override
	public void onHalfClose() {
		signal(HALF_CLOSED);
		if (this.plan.clientSendsOneMessage()) {
			proceed();
		}
	}

	@Override
	public void onReady() {
		if ((this.events & READY) == 0) {
			signal(READY);
		}
		this.call.guard().wake();
	}

	@Override
	public void onComplete() {
		if (this.phase == Phase.ENDED) {
			return;
		}
		EVENTS.getAndBitwiseOr(this, COMPLETED);
		if (isInNoHurryToEnd()) {
			this.thread.wakeSoon();
		}
		else {
			wake();
		}
		endWithoutRunning();
	}

	/**
	 * Whether nobody waits for the news of the end: no interceptor that takes the time,
	 * no task of the application's, no limit that counts this call.
	 */
	private boolean isInNoHurryToEnd() {
		return this.left && this.served == null && this.run.isIdle() && !this.call.isIntercepted();
	}

	@Override
	public void onCancel() {
		cancel();
	}

	private void cancel() {
		signal(CANCELLED);
		this.call.guard().wake();
		if (this.plan.settings().interruptOnCancel()) {
			this.run.interrupt();
		}
		endWithoutRunning();
	}

	private void signal(int event) {
		EVENTS.getAndBitwiseOr(this, event);
		wake();
	}

	private void proceed() {
		CallLimit reached = this.engine.admission().tryPass(this);
		if (reached == null) {
			if (PHASE.compareAndSet(this, Phase.ARRIVED, Phase.ADMITTED)) {
				this.thread.start();
			}
			else {
				this.engine.admission().leave(limits()); // it has ended for its timeout
			}
		}
		else if (this.plan.settings().maxWait().isZero()) {
			refuse(reached, Phase.ARRIVED);
		}
		else if (PHASE.compareAndSet(this, Phase.ARRIVED, Phase.WAITING)) {
			try {
				this.refusal = this.engine.schedule(() -> refuse(reached, Phase.WAITING),
						this.plan.settings().maxWait());
			}
			catch (RejectedExecutionException ex) {
				refuse(reached, Phase.WAITING);
				return;
			}
			this.engine.admission().await(this);
		}
	}

	private void endWithoutRunning() {
		Phase current = this.phase;
		while (current != Phase.RUNNING && current != Phase.ENDED) {
			if (PHASE.compareAndSet(this, current, Phase.ENDED)) {
				finish(current);
				return;
			}
			current = this.phase;
		}
	}

	// On whichever thread moves the phase

	/** Called by whoever gave back the place that this call waited for. */
	void admitted() {
		stopTimer();
		if (PHASE.compareAndSet(this, Phase.WAITING, Phase.ADMITTED)) {
			this.thread.start();
		}
		else {
			this.engine.admission().leave(limits());
		}
	}

	/** Called by the call's thread before anything else; if not, it must not run. */
	boolean begin() {
		return PHASE.compareAndSet(this, Phase.ADMITTED, Phase.RUNNING);
	}

	/**
	 * Called by the call's thread when it comes to rest. A handler that has answered and
	 * returned does not count as running, whenever its answer is on its way.
	 */
	void leaveIfClosed() {
		if (this.call.isClosed()) {
			leave();
		}
	}

	/**
	 * Whether the handler has answered, and nothing but the handler has seen the call.
	 */
	boolean isAnswered() {
		return this.call.isClosed() && this.served == null && !this.call.isIntercepted()
				&& this.plan.clientSendsOneMessage();
	}

	private void leave() {
		if (!this.left) {
			this.left = true;
			this.engine.admission().leave(limits());
		}
	}

	/** Called by the call's thread after everything else. */
	void end() {
		if (PHASE.compareAndSet(this, Phase.RUNNING, Phase.ENDED)) {
			finish(Phase.RUNNING);
		}
	}

	private void refuse(CallLimit reached, Phase from) {
		if (PHASE.compareAndSet(this, from, Phase.ENDED)) {
			this.engine.counters().countRefusalAtLimit();
			String waited = (from == Phase.WAITING) ? ", waited " + this.plan.settings().maxWait().toMillis() + " ms"
					: "";
			String reason = "Handler limit reached for %s (%s, waiting=%d%s)".formatted(this.plan.fullMethodName(),
					reached, this.engine.admission().waiting(), waited);
			if (refusals.tryTake()) {
				logger.warn("A call from %s was refused: %s".formatted(LogText.peer(peer()), reason));
			}
			this.call.refuse(Status.RESOURCE_EXHAUSTED.withDescription(reason));
			finish(from);
		}
	}

	/** It has lasted too long. On the transport's thread, where it has one. */
	void expire(Status status) {
		// First, so that a handler that is sending hears of its deadline; it may then be
		// the first to end the call
		this.call.expires(status);
		EVENTS.getAndBitwiseOr(this, CANCELLED);
		this.call.expire(status);
		cancel();
	}

	/** There is no thread for this call, which has none at the moment. */
	void rejected() {
		Phase from = this.phase;
		if ((from == Phase.ADMITTED || from == Phase.RUNNING) && PHASE.compareAndSet(this, from, Phase.ENDED)) {
			this.engine.counters().countRefusalWithoutThread();
			try {
				if (!this.call.isEnded()) {
					this.call.refuse(Status.UNAVAILABLE.withDescription("The server has no thread for the call"));
				}
			}
			finally {
				finish(from);
			}
		}
	}

	/**
	 * The server ends the call, which goes on as if its client had gone. One that has
	 * just arrived is told to its client only: its phase is the transport thread's.
	 * @return whether it had not ended yet
	 */
	boolean abort(Status status) {
		boolean open = !this.call.isEnded();
		if (open) {
			// First: the transport may tell that the call is complete at any moment now
			EVENTS.getAndBitwiseOr(this, ABORTED);
			this.call.fail(status, new Metadata());
		}
		Phase current = this.phase;
		if (current == Phase.ARRIVED || current == Phase.ENDED) {
			return open;
		}
		signal(CANCELLED);
		this.call.guard().wake();
		if (this.plan.settings().interruptOnCancel()) {
			this.run.interrupt();
		}
		endWithoutRunning();
		return open;
	}

	private void finish(Phase from) {
		if (from == Phase.WAITING) {
			stopTimer();
			this.engine.admission().stopWaiting(this);
		}
		ServedCall known = this.served;
		if (known != null) {
			known.ended();
			// What a task set must not reach the next call on this thread
			Thread.interrupted();
		}
		try {
			this.inbox.discard();
		}
		finally {
			if (from == Phase.ADMITTED || from == Phase.RUNNING) {
				leave();
			}
			if (this.timeout != null) {
				this.timeout.stop();
			}
			if (this.slot != null) {
				this.slot.free();
			}
			this.engine.ended(this);
		}
	}

	private void stopTimer() {
		Future<?> timer = this.refusal;
		if (timer != null) {
			timer.cancel(false);
		}
	}

	// From any thread

	void wake() {
		wakeReceiver();
		this.thread.wake();
	}

	/** Wakes the thread that waits for a message inside a callback, if one does. */
	void wakeReceiver() {
		this.thread.wake(this.pump);
	}

	/** The handler, which has just been started, will block in a callback. */
	void pump(Pump made) {
		this.pump = made;
		// A callback to block in: the first message may be long in coming
		signal(READY);
	}

	@Nullable Pump pump() {
		return this.pump;
	}

	/** Has the call's thread run a task, as if it were a callback. */
	void runNext(Runnable task) {
		this.run.next(task);
		wake();
	}

	/** The call as the application sees it: always the same object. */
	ServedCall served() {
		ServedCall known = this.served;
		if (known == null) {
			ServedCall made = new ServedCall(this);
			known = (ServedCall) SERVED.compareAndExchange(this, null, made);
			if (known == null) {
				known = made;
				if (this.phase == Phase.ENDED) {
					made.ended();
				}
			}
		}
		return known;
	}

	@Nullable ServedCall servedIfAsked() {
		return this.served;
	}

	@Nullable CallThreadHook hook() {
		return this.engine.hook();
	}

	CallCounters counters() {
		return this.engine.counters();
	}

	/** Whether it has passed the limits and has not ended. */
	boolean isRunning() {
		Phase current = this.phase;
		return current == Phase.ADMITTED || current == Phase.RUNNING;
	}

	boolean isStream() {
		return !this.plan.clientSendsOneMessage() || !this.plan.serverSendsOneMessage();
	}

	boolean isDraining() {
		return this.engine.isDraining();
	}

	/** The handler asks for messages. */
	void requested(int count) {
		if (count < 1) {
			throw new IllegalArgumentException("A handler must ask for at least 1 message, not " + count);
		}
		this.inbox.addCredits(count);
		wake();
	}

	/** Asks the transport for messages where the handler has made room. */
	void askForFreedRoom() {
		int room = this.inbox.takeFreedRoom();
		if (room > 0) {
			this.call.requestFromTransport(room);
		}
	}

	/** Asks the transport for one more message if there is room for it. */
	private void askForMore() {
		if (this.inbox.takeRoom()) {
			this.call.requestFromTransport(1);
		}
	}

	/** Takes the event that the transport is ready. */
	void takeReady() {
		EVENTS.getAndBitwiseAnd(this, ~READY);
	}

	int events() {
		return this.events;
	}

	boolean isCancelled() {
		return (this.events & CANCELLED) != 0;
	}

	/** Why the call was cancelled, as a status. */
	Status cancellation() {
		Throwable cause = this.context.cancellationCause();
		// The client's timer may come first, and then cancels
		Deadline deadline = this.context.getDeadline();
		return (cause instanceof TimeoutException || (deadline != null && deadline.isExpired()))
				? Status.DEADLINE_EXCEEDED.withDescription("The deadline of the call has passed").withCause(cause)
				: Status.CANCELLED.withDescription("The call was cancelled").withCause(cause);
	}

	Phase phase() {
		return this.phase;
	}

	Inbox inbox() {
		return this.inbox;
	}

	EngineServerCall<Q, R> call() {
		return this.call;
	}

	HandlerRun<Q, R> handlerRun() {
		return this.run;
	}

	Context context() {
		return this.context;
	}

	MethodPlan plan() {
		return this.plan;
	}

	/** Whether it counts at its limits. */
	boolean hasPlace() {
		Phase current = this.phase;
		return (current == Phase.RUNNING || current == Phase.ADMITTED) && !this.left;
	}

	/** What all calls of a connection have, and no other. */
	Attributes connection() {
		return this.call.transportAttributes();
	}

	List<CallLimit> limits() {
		return this.plan.settings().limits();
	}

	CallThread thread() {
		return this.thread;
	}

	/** Numbered when first asked for: most calls never are. */
	long id() {
		long current = this.id;
		if (current != 0) {
			return current;
		}
		long next = this.engine.nextId();
		long witness = (long) ID.compareAndExchange(this, 0L, next);
		return (witness != 0) ? witness : next;
	}

	/** Whether this is its number: if nobody has asked for one, it has none. */
	boolean isNumbered(long number) {
		return this.id == number && number != 0;
	}

	long arrivedNanos() {
		return this.arrivedNanos;
	}

	@Nullable SocketAddress peer() {
		return this.call.transportAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
	}

	String describe() {
		return "%s (call %d)".formatted(this.plan.fullMethodName(), id());
	}

}
