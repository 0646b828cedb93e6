package io.strand.grpc.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * One call: has its parts, and moves it from its arrival to its end. Its {@link Mailbox}
 * receives the events of its stream on the transport thread, a {@link HandlerRun} handles
 * them on the call's own thread, and what that sends goes through its
 * {@link EngineServerCall}. Thread-safe.
 *
 * <p>
 * <b>States</b>:
 *
 * <pre>
 *   ARRIVED ──► WAITING ──► ADMITTED ──► RUNNING ──► ANSWERED ──► ENDED
 *      │           │           │           │                       ▲
 *      └───────────┴───────────┴───────────┴───────────────────────┘
 * </pre>
 *
 * Who moves the {@link CallPhase} (by compare-and-set) does what the step needs:
 * <ul>
 * <li>from ARRIVED the transport thread or the timeout;</li>
 * <li>from WAITING whoever gives a place back, the timer that refuses, or who cancels:
 * the transport thread, the timeout, the server that stops;</li>
 * <li>from ADMITTED the call's thread that begins, who cancels, or who was refused a
 * thread;</li>
 * <li>from RUNNING and ANSWERED the call's thread, or who was refused a thread for a call
 * that had none at the time.</li>
 * </ul>
 * A call counts at its limits while it is ADMITTED or RUNNING: who moves it on from there
 * gives its places back.
 */
final class HandlerCall<Q, R> {

	private static final VarHandle PHASE;

	private static final VarHandle ID;

	private static final VarHandle SINCE;

	static {
		try {
			ID = MethodHandles.lookup().findVarHandle(HandlerCall.class, "id", long.class);
			SINCE = MethodHandles.lookup().findVarHandle(HandlerCall.class, "since", long.class);
			PHASE = MethodHandles.lookup().findVarHandle(HandlerCall.class, "phase", CallPhase.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private final CallEngine engine;

	private final MethodPlan plan;

	private final EngineServerCall<Q, R> call;

	private final HandlerRun<Q, R> run;

	/** As the transport made it. */
	private final Context transportContext = Context.current();

	/** As the application sees it. */
	private final Context context;

	/** Ends the call when it has lasted too long, if its method has such a limit. */
	private final @Nullable CallTimeout timeout;

	private final CallThread thread;

	private final long arrivedNanos = System.nanoTime();

	/**
	 * When its state changed, as far as somebody looked at the clock. Written without a
	 * barrier: only those who watch read it.
	 */
	private long since = this.arrivedNanos;

	private final Mailbox<Q> mailbox;

	/** Zero until somebody asks for it. */
	private volatile long id;

	/** Where the registry keeps this call. */
	private CallRegistry.@Nullable Slot slot;

	private volatile CallPhase phase = CallPhase.ARRIVED;

	/** The transport will tell that the call is cancelled, and until then is not done. */
	private volatile boolean contextEnded;

	HandlerCall(CallEngine engine, MethodPlan plan, ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		this.engine = engine;
		this.plan = plan;
		Duration longest = plan.settings().maxDuration();
		this.timeout = longest.isZero() ? null : CallTimeout.of(this, this.transportContext, engine, longest);
		this.context = ((this.timeout != null) ? this.timeout.context() : this.transportContext)
			.withValue(ServedCall.KEY, this);
		this.mailbox = new Mailbox<>(this, plan.clientSendsOneMessage());
		this.run = new HandlerRun<>(this, headers, next);
		this.thread = new CallThread(this);
		this.call = new EngineServerCall<>(call, plan, this);
	}

	// On the transport thread

	void arrive(CallRegistry.Slot registered) {
		this.slot = registered;
		if (this.plan.isStream()) {
			// First of all listeners: others may block where the news comes from
			this.transportContext.addListener(this::contextEnds, Runnable::run);
		}
		if (this.timeout != null) {
			this.timeout.start();
		}
		if (this.plan.clientSendsOneMessage()) {
			// Two, as generated code does, to catch a client that sends more than one
			this.call.requestFromTransport(2);
		}
		else {
			this.mailbox.askForMore();
			proceed();
		}
	}

	/** The transport has nothing more to tell. */
	void completed() {
		if (isInNoHurryToEnd()) {
			this.thread.wakeSoon();
		}
		else {
			this.thread.wake();
		}
		endWithoutRunning();
	}

	/**
	 * Whether nobody waits for the news of the end: no interceptor that takes the time,
	 * no task of the application's, no limit that counts this call.
	 */
	private boolean isInNoHurryToEnd() {
		return this.phase == CallPhase.ANSWERED && this.call.isSeenByHandlerOnly() && this.thread.isIdle();
	}

	/**
	 * The context of the call has ended, which the transport is about to tell. Whoever
	 * waits for the peer is told now: a listener of the application's may wait for a lock
	 * of theirs.
	 */
	private void contextEnds(Context ended) {
		if (ended.cancellationCause() != null) {
			this.contextEnded = true;
			this.call.guard().wake();
			this.thread.wakeReceiverAtOnce();
		}
	}

	/** The call is over for everybody but its handler, which is to hear of it. */
	void cancel() {
		this.mailbox.signal(Mailbox.CANCELLED);
		this.call.guard().wake();
		if (this.plan.settings().interruptOnCancel()) {
			this.thread.interrupt();
		}
		endWithoutRunning();
	}

	/** The call has arrived as far as it must, and tries to pass the limits. */
	void proceed() {
		CallLimit reached = this.engine.admission().tryPass(this);
		if (reached == null) {
			admit(CallPhase.ARRIVED);
		}
		else if (this.plan.settings().maxWait().isZero()) {
			refuse(reached, CallPhase.ARRIVED);
		}
		else {
			changed(System.nanoTime());
			if (PHASE.compareAndSet(this, CallPhase.ARRIVED, CallPhase.WAITING)) {
				this.engine.admission().await(this, reached);
			}
		}
	}

	private void endWithoutRunning() {
		CallPhase current = this.phase;
		while (current.isBeforeRunning()) {
			if (PHASE.compareAndSet(this, current, CallPhase.ENDED)) {
				finish(current);
				return;
			}
			current = this.phase;
		}
	}

	// On whichever thread moves the phase

	/** It has passed the limits, and has its places, unless it has ended meanwhile. */
	void admit(CallPhase from) {
		if (from == CallPhase.WAITING) {
			changed(System.nanoTime());
		}
		if (PHASE.compareAndSet(this, from, CallPhase.ADMITTED)) {
			this.thread.start();
		}
		else {
			this.engine.admission().leave(this);
		}
	}

	/** Called by the call's thread before anything else; if not, it must not run. */
	boolean begin() {
		if (this.plan.waitsForThreads()) {
			changed(System.nanoTime());
		}
		return PHASE.compareAndSet(this, CallPhase.ADMITTED, CallPhase.RUNNING);
	}

	/**
	 * Called by the call's thread when it comes to rest. A handler that has answered and
	 * returned does not count as running, whenever its answer is on its way.
	 */
	void rest() {
		if (this.phase == CallPhase.RUNNING && this.call.isClosed()
				&& PHASE.compareAndSet(this, CallPhase.RUNNING, CallPhase.ANSWERED)) {
			this.engine.admission().leave(this);
		}
	}

	/** Called by the call's thread after everything else. */
	void end() {
		CallPhase from = this.phase;
		if (from != CallPhase.ENDED && PHASE.compareAndSet(this, from, CallPhase.ENDED)) {
			finish(from);
		}
	}

	/** It could not pass a limit, at once or in the time that it may wait. */
	void refuse(CallLimit reached, CallPhase from) {
		if (PHASE.compareAndSet(this, from, CallPhase.ENDED)) {
			this.call.refuse(this.engine.admission().refusal(this, reached, from == CallPhase.WAITING));
			finish(from);
		}
	}

	/** It has lasted too long. On the transport's thread, where it has one. */
	void expire(Status status) {
		// First, so that a handler that is sending hears of its deadline; it may then be
		// the first to end the call
		this.call.expires(status);
		this.mailbox.put(Mailbox.CANCELLED);
		this.call.expire(status);
		cancel();
	}

	/** There is no thread for this call, which has none at the moment. */
	void rejected() {
		CallPhase from = this.phase;
		if (from != CallPhase.ENDED && PHASE.compareAndSet(this, from, CallPhase.ENDED)) {
			this.engine.counters().countRefusalWithoutThread();
			try {
				if (!this.call.isEnded()) {
					this.call.refuse(Status.UNAVAILABLE.withDescription("The server has no thread for the call"));
				}
			}
			finally {
				// Who aborts may not have come to say so, and nobody else will
				this.mailbox.put(Mailbox.CANCELLED);
				this.call.guard().wake();
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
			this.mailbox.put(Mailbox.ABORTED);
			this.call.fail(status, new Metadata());
		}
		CallPhase current = this.phase;
		if (current != CallPhase.ARRIVED && current != CallPhase.ENDED) {
			cancel();
		}
		return open;
	}

	private void finish(CallPhase from) {
		if (from == CallPhase.WAITING) {
			this.engine.admission().stopWaiting(this);
		}
		ServedCall known = this.call.servedIfAsked();
		if (known != null) {
			known.ended();
			// What a task set must not reach the next call on this thread
			Thread.interrupted();
		}
		try {
			this.mailbox.discard();
		}
		finally {
			if (from.hasPlace()) {
				this.engine.admission().leave(this);
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

	// From any thread

	CallEngine engine() {
		return this.engine;
	}

	boolean isCancelled() {
		return this.contextEnded || this.mailbox.isCancelled();
	}

	/** Whether a stop has ended it, and only its client has not taken that yet. */
	boolean isDismissed() {
		ServedCall known = this.call.servedIfAsked();
		return known != null && known.isDismissed() && this.thread.isIdle() && !this.mailbox.isStreamOver();
	}

	/** Why the call was cancelled, as a status; {@code null} if it was not. */
	@Nullable Status cancellation() {
		return isCancelled() ? cancelled() : null;
	}

	private Status cancelled() {
		// The transport's first: to ask what is made of it would run its listeners here
		Throwable transports = this.transportContext.cancellationCause();
		Throwable cause = (transports != null) ? transports : this.context.cancellationCause();
		// The client's timer may come first, and then cancels
		Deadline deadline = this.context.getDeadline();
		return (cause instanceof TimeoutException || (deadline != null && deadline.isExpired()))
				? Status.DEADLINE_EXCEEDED.withDescription("The deadline of the call has passed").withCause(cause)
				: Status.CANCELLED.withDescription("The call was cancelled").withCause(cause);
	}

	CallPhase phase() {
		return this.phase;
	}

	/**
	 * The call goes on after it has waited, or begins to wait. Told where somebody parks
	 * or has parked; a look at the clock more would cost a small call too much.
	 * @param now the present time
	 */
	void changed(long now) {
		SINCE.setOpaque(this, now);
	}

	/** When it changed as far as it was told. */
	long since() {
		return (long) SINCE.getOpaque(this);
	}

	Mailbox<Q> mailbox() {
		return this.mailbox;
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
