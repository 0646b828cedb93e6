package io.strand.grpc.call;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

import io.grpc.Attributes;
import io.grpc.ForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The call as interceptors and handlers see it: the outermost wrapper of the transport's.
 * What is sent here by another way than through the {@link GuardedServerCall}, such as by
 * an interceptor's timer, is guarded too. Thread-safe but in mode
 * {@link ConcurrentSend#OFF}.
 */
final class EngineServerCall<Q, R> extends ForwardingServerCall<Q, R> {

	static final Attributes.Key<EngineServerCall<?, ?>> KEY = Attributes.Key.create("io.strand.grpc.call");

	private static final VarHandle SERVED;

	static {
		try {
			SERVED = MethodHandles.lookup().findVarHandle(EngineServerCall.class, "served", ServedCall.class);
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private static final Log logger = LogFactory.getLog(EngineServerCall.class);

	private final ServerCall<Q, R> transport;

	private final MethodPlan plan;

	private final HandlerCall<Q, R> owner;

	private final ServerSendGuard guard;

	/** The innermost wrapper, once the handler was reached. */
	private volatile @Nullable GuardedServerCall<?, ?> innermost;

	/** The call as the application sees it, once it has asked. */
	private volatile @Nullable ServedCall served;

	private final @Nullable SingleAnswer<R> answer;

	private volatile boolean closed;

	/** Whether the call is ended without its interceptors, which may come later. */
	private volatile boolean forced;

	/** What the client is told instead of any other end, once the call took too long. */
	private volatile @Nullable Status expiry;

	private volatile long sent;

	EngineServerCall(ServerCall<Q, R> transport, MethodPlan plan, HandlerCall<Q, R> owner) {
		this.transport = transport;
		this.plan = plan;
		this.owner = owner;
		this.guard = new ServerSendGuard(plan.settings(), this);
		TransportLoop loop = owner.thread().loop();
		this.answer = (plan.serverSendsOneMessage() && loop != null) ? new SingleAnswer<>(transport, owner, loop)
				: null;
		Integer readyThreshold = plan.settings().readyThreshold();
		if (readyThreshold != null) {
			transport.setOnReadyThreshold(readyThreshold);
		}
	}

	/**
	 * The engine's part of a call that interceptors may have wrapped.
	 * @param call the call
	 * @return the engine's call, or {@code null} if the engine does not serve it
	 */
	static @Nullable EngineServerCall<?, ?> of(ServerCall<?, ?> call) {
		// Without interceptors in between, there is no need for the attributes, which are
		// made by copying
		if (call instanceof EngineServerCall<?, ?> direct) {
			return direct;
		}
		return (call instanceof GuardedServerCall<?, ?> guarded) ? guarded.engineCall() : call.getAttributes().get(KEY);
	}

	@Override
	protected ServerCall<Q, R> delegate() {
		return this.transport;
	}

	@Override
	@SuppressWarnings("unchecked")
	public MethodDescriptor<Q, R> getMethodDescriptor() {
		return (MethodDescriptor<Q, R>) this.plan.descriptor();
	}

	@Override
	public Attributes getAttributes() {
		return this.transport.getAttributes().toBuilder().set(KEY, this).build();
	}

	Attributes transportAttributes() {
		return this.transport.getAttributes();
	}

	@Override
	public void request(int count) {
		this.owner.mailbox().request(count);
	}

	void requestFromTransport(int count) {
		this.transport.request(count);
	}

	@Override
	public void sendHeaders(Metadata headers) {
		this.guard.exclusively(() -> transmitHeaders(headers));
	}

	@Override
	public void sendMessage(R message) {
		this.guard.exclusively(() -> transmitMessage(message));
	}

	@Override
	public void close(Status status, Metadata trailers) {
		this.guard.endDirectly(inWords(status), !status.isOk(), () -> transmitEnd(status, trailers));
	}

	// With the guard held

	void transmitHeaders(Metadata headers) {
		refuseIfClosed();
		ServedCall known = this.served;
		Metadata all = (known != null) ? known.withHeaders(headers) : headers;
		if (this.answer != null) {
			this.answer.headers(all);
		}
		else {
			this.transport.sendHeaders(all);
		}
	}

	void transmitMessage(R message) {
		refuseIfClosed();
		this.sent++;
		if (this.answer != null) {
			this.answer.message(message);
		}
		else {
			this.transport.sendMessage(message);
		}
	}

	void transmitEnd(Status status, Metadata trailers) {
		if (this.forced && this.closed) {
			return; // an interceptor took its time to pass an end on
		}
		refuseIfClosed();
		this.closed = true;
		Metadata all = withTrailers(trailers);
		Status late = this.expiry;
		Status told = (late != null) ? late : status;
		if (this.answer != null) {
			this.answer.close(told, all);
		}
		else {
			this.transport.close(told, all);
		}
		this.owner.thread().wakeReceiver();
	}

	private void refuseIfClosed() {
		if (this.closed) {
			throw new IllegalStateException("%s is already closed".formatted(this.owner.describe()));
		}
	}

	static String inWords(Status status) {
		return status.isOk() ? "completed" : "ended with " + status.getCode();
	}

	/** Ends the call before it had a handler. On any thread. */
	void refuse(Status status) {
		this.closed = true;
		this.transport.close(status, withTrailers(new Metadata()));
		this.owner.thread().wakeReceiver();
	}

	/** From now on the call has no other end, whoever is the first to end it. */
	void expires(Status status) {
		this.expiry = status;
	}

	/**
	 * Ends the call past its handler and its interceptors, which hear that it was
	 * cancelled. Does nothing if it was ended before.
	 */
	void expire(Status status) {
		this.guard.wake();
		this.guard.endPastSenders(() -> {
			if (!this.closed) {
				this.forced = true;
				transmitEnd(status, new Metadata());
			}
		});
	}

	private Metadata withTrailers(Metadata trailers) {
		ServedCall known = this.served;
		return (known != null) ? known.withTrailers(trailers) : trailers;
	}

	/**
	 * Ends the call because its handler failed, through the interceptors, so that they
	 * see what the client sees; without them if one of them fails or keeps the end to
	 * itself. Does nothing if another thread was first.
	 */
	void fail(Status status, Metadata trailers) {
		GuardedServerCall<?, ?> inner = this.innermost;
		try {
			if (inner != null) {
				inner.close(status, trailers);
			}
		}
		catch (Throwable ex) {
			logger.debug("%s could not be ended through its interceptors".formatted(this.owner.describe()),
					LoggedFailure.of(ex));
		}
		if (!this.closed) {
			this.forced = true;
			try {
				this.guard.endInstead(inWords(status), () -> transmitEnd(status, trailers));
			}
			catch (IllegalStateException ex) {
				logger.debug("%s was ended by another thread at the same time".formatted(this.owner.describe()),
						LoggedFailure.of(ex));
			}
		}
	}

	/** The call as the application sees it: always the same object. */
	ServedCall served() {
		ServedCall known = this.served;
		if (known == null) {
			ServedCall made = new ServedCall(this.owner);
			known = (ServedCall) SERVED.compareAndExchange(this, null, made);
			if (known == null) {
				known = made;
				if (this.owner.phase() == CallPhase.ENDED) {
					made.ended();
				}
			}
		}
		return known;
	}

	@Nullable ServedCall servedIfAsked() {
		return this.served;
	}

	/**
	 * Whether nothing but the handler knows of the call: no interceptor, which may listen
	 * to it, and no other code of the application.
	 */
	boolean isSeenByHandlerOnly() {
		GuardedServerCall<?, ?> inner = this.innermost;
		return inner != null && inner.isDirect() && this.served == null;
	}

	boolean isHandlerReached() {
		return this.innermost != null;
	}

	boolean isClosed() {
		return this.closed;
	}

	boolean isEnded() {
		return this.closed || this.owner.isCancelled();
	}

	/** The attributes with what interceptors add to them. */
	Attributes innermostAttributes() {
		GuardedServerCall<?, ?> inner = this.innermost;
		return (inner != null) ? inner.getAttributes() : getAttributes();
	}

	void innermost(GuardedServerCall<?, ?> call) {
		this.innermost = call;
	}

	ServerSendGuard guard() {
		return this.guard;
	}

	HandlerCall<Q, R> owner() {
		return this.owner;
	}

	MethodPlan plan() {
		return this.plan;
	}

	long sent() {
		return this.sent;
	}

}
