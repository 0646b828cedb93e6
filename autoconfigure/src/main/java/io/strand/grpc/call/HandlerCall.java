package io.strand.grpc.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;

import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.strand.grpc.thread.InterruptFence;
import io.strand.grpc.thread.SerialTask;
import io.strand.grpc.thread.SerialThread;
import org.jspecify.annotations.Nullable;

/**
 * One call: receives the events of its stream on the transport thread, where it never
 * blocks, and runs interceptors and handler on the call's own thread.
 *
 * <p>
 * <b>States</b> ({@link #phase}):
 *
 * <pre>
 *   ARRIVED ──► WAITING ──► ADMITTED ──► ENDED
 *      │           │                       ▲
 *      └───────────┴───────────────────────┘
 * </pre>
 *
 * ARRIVED: a call whose client sends one message waits for its half-close, so that its
 * thread finds the whole request; others go on at once. WAITING: at a limit. ADMITTED: it
 * has passed the limits and has a thread. ENDED: its last callback has returned, or it
 * never got a thread. Who moves the phase (by compare-and-set) does what the step needs:
 * from ARRIVED the transport thread; from WAITING whoever gives a place back, the timer
 * that refuses, or the transport thread that cancels; from ADMITTED the call's thread.
 *
 * <p>
 * <b>Mailbox.</b> The transport thread is the only producer, the call's thread the only
 * consumer. Messages are in the {@link Inbox}; all other events are bits of
 * {@link #events}, set after the message that came before them and read before the inbox
 * is found empty, so a half-close never overtakes a message. Readiness and cancellation
 * go past the mailbox as well: they wake a sender that waits in the handler, and
 * interrupt.
 */
final class HandlerCall<Q, R> extends ServerCall.Listener<Q> implements SerialTask, LiveCall {

	private static final int HALF_CLOSED = 1;

	private static final int READY = 2;

	private static final int CANCELLED = 4;

	private static final int COMPLETED = 8;

	private static final VarHandle EVENTS;

	private static final VarHandle PHASE;

	static {
		try {
			EVENTS = MethodHandles.lookup().findVarHandle(HandlerCall.class, "events", int.class);
			PHASE = MethodHandles.lookup().findVarHandle(HandlerCall.class, "phase", Phase.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	enum Phase {

		ARRIVED, WAITING, ADMITTED, ENDED

	}

	private final CallEngine engine;

	private final MethodPlan plan;

	private final long id;

	private final EngineServerCall<Q, R> call;

	private final Metadata headers;

	private final ServerCallHandler<Q, R> next;

	private final Context context;

	/** Where the transport runs, if it has an event loop. */
	private final @Nullable TransportLoop loop = TransportLoop.current();

	private final long arrivedNanos = System.nanoTime();

	private volatile Phase phase = Phase.ARRIVED;

	private final InterruptFence fence = new InterruptFence();

	private final Inbox inbox;

	private volatile int events;

	/** The calls that came with this one; {@code null} once this one has left them. */
	private TransportLoop.@Nullable Batch batch;

	private volatile @Nullable SerialThread serialThread;

	private volatile @Nullable Thread thread;

	private volatile boolean idle;

	// Confined to the call's thread

	private ServerCall.@Nullable Listener<Q> listener;

	private boolean started;

	private boolean halfCloseDelivered;

	private volatile long received;

	HandlerCall(CallEngine engine, MethodPlan plan, long id, ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		this.engine = engine;
		this.plan = plan;
		this.id = id;
		this.call = new EngineServerCall<>(call, plan, this);
		this.headers = headers;
		this.next = next;
		this.context = Context.current();
		this.inbox = plan.clientSendsOneMessage() ? new SingleInbox() : new StreamInbox();
	}

	HandlerSettings settings() {
		return this.plan.settings();
	}

	EngineServerCall<Q, R> call() {
		return this.call;
	}

	// On the transport thread

	void arrive() {
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

	private void askForMore() {
		if (this.inbox.takeRoom()) {
			this.call.requestFromTransport(1);
		}
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
		signal(COMPLETED);
		endWithoutThread();
	}

	@Override
	public void onCancel() {
		signal(CANCELLED);
		this.call.guard().wake();
		if (this.plan.settings().interruptOnCancel()) {
			this.fence.interrupt();
		}
		endWithoutThread();
	}

	private void signal(int event) {
		EVENTS.getAndBitwiseOr(this, event);
		wake();
	}

	void wake() {
		SerialThread current = this.serialThread;
		if (current == null) {
			return;
		}
		if (this.loop != null && this.loop.isCurrentThread()) {
			if (this.idle)
				this.loop.wake(current);
		}
		else {
			current.wake();
		}
	}

	private void proceed() {
		HandlerSettings settings = this.plan.settings();
		CallLimit reached = this.engine.admission().tryPass(settings.limits());
		if (reached == null) {
			this.phase = Phase.ADMITTED;
			startThread();
		}
		else if (settings.maxWait().isZero()) {
			refuse(reached, Phase.ARRIVED);
		}
		else {
			this.phase = Phase.WAITING;
			this.engine.schedule(() -> refuse(reached, Phase.WAITING), settings.maxWait());
			this.engine.admission().await(this);
		}
	}

	/**
	 * Called by whoever gave back the place that this call waited for.
	 */
	void admitted() {
		if (PHASE.compareAndSet(this, Phase.WAITING, Phase.ADMITTED)) {
			startThread();
		}
		else {
			this.engine.admission().leave(this.plan.settings().limits());
		}
	}

	private void refuse(CallLimit reached, Phase from) {
		if (PHASE.compareAndSet(this, from, Phase.ENDED)) {
			this.engine.admission().stopWaiting(this);
			this.call.refuse(Status.RESOURCE_EXHAUSTED.withDescription("Handler limit reached for %s (%s, waiting=%d)"
				.formatted(this.plan.fullMethodName(), reached, this.engine.admission().waiting())));
			this.inbox.discard();
			this.engine.ended(this);
		}
	}

	private void endWithoutThread() {
		Phase current = this.phase;
		if ((current == Phase.ARRIVED || current == Phase.WAITING) && PHASE.compareAndSet(this, current, Phase.ENDED)) {
			this.engine.admission().stopWaiting(this);
			this.inbox.discard();
			this.engine.ended(this);
		}
	}

	private void startThread() {
		SerialThread starting = this.plan.threads().newThread(this);
		this.serialThread = starting;
		try {
			if (this.loop != null && this.loop.isCurrentThread()) {
				this.batch = this.loop.start(starting);
			}
			else {
				starting.start();
			}
		}
		catch (RejectedExecutionException ex) {
			if (PHASE.compareAndSet(this, Phase.ADMITTED, Phase.ENDED)) {
				this.call.refuse(Status.UNAVAILABLE.withDescription("The server stops"));
				this.inbox.discard();
				this.engine.admission().leave(this.plan.settings().limits());
				this.engine.ended(this);
			}
		}
	}

	// On the call's thread

	@Override
	public boolean hasWork() {
		int current = this.events;
		return (current & (READY | CANCELLED | COMPLETED)) != 0 || this.inbox.hasDeliverable()
				|| ((current & HALF_CLOSED) != 0 && !this.halfCloseDelivered && this.inbox.isEmpty());
	}

	@Override
	public boolean runAvailable() {
		this.idle = false;
		this.thread = Thread.currentThread();
		Context previous = this.context.attach();
		try {
			return deliverAvailable();
		}
		finally {
			this.context.detach(previous);
			TransportLoop.Batch current = leaveBatch();
			if (current != null) {
				current.leave();
			}
			this.idle = true;
			this.thread = null;
		}
	}

	private boolean deliverAvailable() {
		while (true) {
			int current = this.events;
			if ((current & CANCELLED) != 0) {
				return end(true);
			}
			if (!this.started) {
				this.started = true;
				handle(this::startCall);
			}
			else if ((current & READY) != 0) {
				EVENTS.getAndBitwiseAnd(this, ~READY);
				handle(this::ready);
			}
			else if (deliverMessage()) {
				continue;
			}
			else if ((current & HALF_CLOSED) != 0 && !this.halfCloseDelivered && this.inbox.isEmpty()) {
				this.halfCloseDelivered = true;
				handle(this::halfClose);
			}
			else if ((current & COMPLETED) != 0) {
				return end(false);
			}
			else {
				return false;
			}
		}
	}

	private boolean deliverMessage() {
		Object message = this.inbox.poll();
		if (message == null) {
			return false;
		}
		askForMore();
		this.received++;
		handle(() -> message(message));
		return true;
	}

	/**
	 * Runs code of the application, which an interrupt may reach and whose exceptions end
	 * the call and nothing else.
	 */
	private void handle(Runnable code) {
		this.fence.enter();
		try {
			// Cancelled between the look at the events and the fence: nobody interrupts
			if ((this.events & CANCELLED) == 0) {
				code.run();
			}
		}
		catch (Throwable ex) {
			this.fence.leave();
			failed(ex);
			return;
		}
		this.fence.leave();
	}

	private void startCall() {
		this.listener = this.next.startCall(this.call, this.headers);
	}

	private void ready() {
		if (this.listener != null) {
			this.listener.onReady();
		}
	}

	@SuppressWarnings("unchecked")
	private void message(Object message) {
		if (this.listener == null) {
			if (message instanceof DeferredMessage deferred) {
				deferred.discard();
			}
			return;
		}
		this.listener.onMessage((Q) ((message instanceof DeferredMessage deferred) ? deferred.decode() : message));
	}

	private void halfClose() {
		if (this.listener != null) {
			this.listener.onHalfClose();
		}
	}

	private void failed(Throwable thrown) {
		boolean ended = this.call.isEnded();
		HandlerFailure.log(thrown, describe(), ended);
		if (!ended) {
			HandlerFailure failure = HandlerFailure.of(thrown, this.id);
			this.call.fail(failure.status(), failure.trailers());
		}
	}

	private boolean end(boolean cancelled) {
		this.inbox.discard();
		ServerCall.Listener<Q> current = this.listener;
		try {
			if (current != null && cancelled) {
				current.onCancel();
			}
			else if (current != null) {
				current.onComplete();
			}
		}
		catch (Throwable ex) {
			HandlerFailure.log(ex, describe(), false);
		}
		finally {
			this.phase = Phase.ENDED;
			this.engine.admission().leave(this.plan.settings().limits());
			this.engine.ended(this);
		}
		return true;
	}

	// From any thread

	/** The handler asks for messages. */
	void requested(int count) {
		this.inbox.addCredits(count);
		wake();
	}

	boolean isCancelled() {
		return (this.events & CANCELLED) != 0;
	}

	/** Why the call was cancelled, as a status. */
	Status cancellation() {
		Throwable cause = this.context.cancellationCause();
		return (cause instanceof TimeoutException)
				? Status.DEADLINE_EXCEEDED.withDescription("The deadline of the call has passed").withCause(cause)
				: Status.CANCELLED.withDescription("The call was cancelled").withCause(cause);
	}

	/** Sends an answer where the transport runs. On any thread. */
	void answer(TransportLoop on, Runnable answer) {
		TransportLoop.Batch current = (this.thread == Thread.currentThread()) ? leaveBatch() : null;
		if (current != null) {
			current.answer(answer);
		}
		else {
			on.execute(answer);
		}
	}

	private TransportLoop.@Nullable Batch leaveBatch() {
		TransportLoop.Batch current = this.batch;
		this.batch = null;
		return current;
	}

	@Nullable TransportLoop loop() {
		return this.loop;
	}

	String describe() {
		return "%s (call %d)".formatted(this.plan.fullMethodName(), this.id);
	}

	MethodDescriptor<?, ?> methodDescriptor() {
		return this.plan.descriptor();
	}

	@Override
	public int hashCode() {
		return Long.hashCode(this.id * 0x9E3779B97F4A7C15L);
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return this == other;
	}

	@Override
	public long id() {
		return this.id;
	}

	@Override
	public String method() {
		return this.plan.fullMethodName();
	}

	@Override
	public @Nullable SocketAddress peer() {
		return this.call.transportAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
	}

	@Override
	public @Nullable Thread thread() {
		return this.thread;
	}

	@Override
	public State state() {
		if (this.call.guard().isWaiting()) {
			return State.BLOCKED_SENDING;
		}
		return switch (this.phase) {
			case ARRIVED -> State.RECEIVING;
			case WAITING -> State.WAITING_FOR_PERMIT;
			case ADMITTED, ENDED -> this.idle ? State.WAITING_FOR_MESSAGE : State.RUNNING;
		};
	}

	@Override
	public Duration age() {
		return Duration.ofNanos(System.nanoTime() - this.arrivedNanos);
	}

	@Override
	public long received() {
		return this.received;
	}

	@Override
	public long sent() {
		return this.call.sent();
	}

	@Override
	public Duration blockedSending() {
		return Duration.ofNanos(this.call.guard().blockedNanos());
	}

}
