package io.strand.grpc.call;

import java.time.Duration;
import java.util.AbstractCollection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.StreamSupport;

import io.grpc.Context;
import io.grpc.DecompressorRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.strand.grpc.thread.CallThreads;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Runs every call of a server on a thread of its own. It is the outermost interceptor of
 * a server that runs on a direct executor, so it is called on the transport thread and
 * everything else on the call's. Thread-safe.
 */
public final class CallEngine implements ServerInterceptor, AutoCloseable {

	static final String DRAIN_THREAD = "grpc-drain";

	private static final Log logger = LogFactory.getLog(CallEngine.class);

	private final CallRegistry<HandlerCall<?, ?>> live = new CallRegistry<>();

	private final AtomicLong ids = new AtomicLong();

	private final CallCounters counters = new CallCounters();

	private final ScheduledThreadPoolExecutor timer = newTimer();

	private final Admission admission = new Admission(new FairShare(this.live), this.counters, this.timer);

	private final MethodThreads threads;

	private final MethodPlans plans;

	private final DecodingThreads decodingThreads = new DecodingThreads();

	private final @Nullable CallThreadHook hook;

	private volatile boolean draining;

	private volatile @Nullable StreamEndListener streamEnds;

	/** Opened when no call lives, once somebody waits for that. */
	private volatile @Nullable CountDownLatch idle;

	/**
	 * Makes an engine.
	 * @param settings the settings of a method
	 * @param virtualByDefault whether {@link Threading#AUTO} means virtual threads where
	 * the JVM has them
	 * @param maxPlatformThreads how many platform threads run calls at most
	 */
	public CallEngine(Function<MethodDescriptor<?, ?>, HandlerSettings> settings, boolean virtualByDefault,
			int maxPlatformThreads) {
		this(settings, virtualByDefault, maxPlatformThreads, null);
	}

	/**
	 * Makes an engine whose calls set up their threads.
	 * @param settings the settings of a method
	 * @param virtualByDefault whether {@link Threading#AUTO} means virtual threads where
	 * the JVM has them
	 * @param maxPlatformThreads how many platform threads run calls at most
	 * @param hook what is told when a thread takes up a call, if there is anything
	 */
	public CallEngine(Function<MethodDescriptor<?, ?>, HandlerSettings> settings, boolean virtualByDefault,
			int maxPlatformThreads, @Nullable CallThreadHook hook) {
		this.hook = hook;
		this.threads = new MethodThreads(virtualByDefault, maxPlatformThreads);
		this.plans = new MethodPlans(settings, this.threads);
	}

	private static ScheduledThreadPoolExecutor newTimer() {
		ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, (task) -> {
			Thread thread = new Thread(task, "grpc-call-timer");
			thread.setDaemon(true);
			return thread;
		});
		timer.setRemoveOnCancelPolicy(true);
		timer.setKeepAliveTime(10, TimeUnit.SECONDS);
		timer.allowCoreThreadTimeOut(true);
		return timer;
	}

	/**
	 * Has a server's compressed requests decompressed on their calls' threads. To be
	 * called before the application sets the server up, which may want a registry of its
	 * own: then compressed requests are decompressed on the transport's thread.
	 * @param builder the builder of the server
	 */
	public void prepare(ServerBuilder<?> builder) {
		builder.decompressorRegistry(DeferredInflation.of(DecompressorRegistry.getDefaultInstance()));
	}

	/**
	 * Sets a server up to be run by this engine. Interceptors that are added to it before
	 * run on the calls' threads.
	 * @param builder the builder of the server
	 */
	public void install(ServerBuilder<?> builder) {
		this.draining = false;
		builder.directExecutor();
		builder.intercept(this);
	}

	/**
	 * Prepares a service for the engine: its requests are decoded on the call's thread,
	 * and its responses guarded before they reach its interceptors.
	 * @param service the service, without interceptors
	 * @return the service to intercept and to register
	 */
	public ServerServiceDefinition prepare(ServerServiceDefinition service) {
		return this.plans.prepare(service);
	}

	@Override
	public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
			ServerCallHandler<Q, R> next) {
		MethodPlan plan = this.plans.of(call.getMethodDescriptor());
		HandlerCall<Q, R> started = new HandlerCall<>(this, plan, call, headers, next);
		started.arrive(this.live.add(started));
		return started.mailbox();
	}

	/**
	 * The calls that live at this moment.
	 * @return a view that changes as calls come and go
	 */
	public Collection<LiveCall> liveCalls() {
		return new AbstractCollection<>() {

			@Override
			public Iterator<LiveCall> iterator() {
				return StreamSupport.stream(CallEngine.this.live.spliterator(), false)
					.<LiveCall>map(CallView::new)
					.iterator();
			}

			@Override
			public int size() {
				return CallEngine.this.live.size();
			}

		};
	}

	/**
	 * The calls that have passed the limits: that have a thread, will get one, or had one
	 * and have not ended.
	 * @return their number at this moment
	 */
	public int runningCalls() {
		int running = 0;
		for (HandlerCall<?, ?> call : this.live) {
			running += call.phase().isRunning() ? 1 : 0;
		}
		return running;
	}

	/**
	 * The calls that wait at a limit.
	 * @return their number at this moment
	 */
	public int waitingCalls() {
		return this.admission.waiting();
	}

	/**
	 * What has happened to calls.
	 * @return the counters, always the same
	 */
	public CallCounters counters() {
		return this.counters;
	}

	/**
	 * The methods that are served.
	 * @return each with its settings, by name
	 */
	public List<ServedMethod> methods() {
		return this.plans.served();
	}

	/**
	 * Tells of the end of streams.
	 * @param listener what is told; {@code null} for nobody
	 */
	public void tellStreamEnds(@Nullable StreamEndListener listener) {
		this.streamEnds = listener;
	}

	/**
	 * Ends a call, and has its handler told as if its client had gone: cancelled, and
	 * interrupted where its method allows that.
	 * @param id the number of the call
	 * @param status what its client is told
	 * @return whether the call lived
	 */
	public boolean cancel(long id, Status status) {
		for (HandlerCall<?, ?> call : this.live) {
			if (call.isNumbered(id)) {
				return call.abort(status);
			}
		}
		return false;
	}

	/**
	 * Whether {@link Threading#AUTO} means virtual threads.
	 * @return {@code false} for platform threads
	 */
	public boolean isVirtualByDefault() {
		return this.threads.isVirtualByDefault();
	}

	/**
	 * Tells all calls that the server stops, those that live and those that still come,
	 * and runs on a thread of its own what they have registered with
	 * {@link GrpcCall#onDrain}. Lasts until the engine is installed in a server again.
	 */
	public void drain() {
		this.draining = true;
		List<ServedCall> told = new ArrayList<>();
		for (HandlerCall<?, ?> call : this.live) {
			ServedCall served = call.call().servedIfAsked();
			if (served != null && served.isToldOfDrain()) {
				told.add(served);
			}
		}
		if (!told.isEmpty()) {
			CallThreads.start(DRAIN_THREAD, () -> told.forEach(ServedCall::drain));
		}
	}

	/**
	 * Has a stream that lasts as long as its server ended when that begins to stop. From
	 * then on it is {@linkplain LiveCall#isDismissed dismissed}.
	 * @param call the call as gRPC hands it to an interceptor
	 * @param end ends it; must not block
	 * @throws IllegalStateException if the server of that call does not run on an engine
	 */
	public static void endAtStop(ServerCall<?, ?> call, Runnable end) {
		ServedCall.of(call).endAtStop(end);
	}

	/**
	 * Sends a message if its client takes it now, and never waits for that, as
	 * {@code sendMessage} of a call that an engine serves does. Given another call, such
	 * as one that something has wrapped before, it can only ask first, and may have to
	 * wait if the client stops reading in between.
	 * @param <R> the type of the messages
	 * @param call the call as gRPC hands it to the first of what wraps the handler
	 * @param message a message of a stream
	 * @return whether it was sent; if not, {@code onReady} will come
	 */
	public static <R> boolean sendIfReady(ServerCall<?, R> call, R message) {
		if (call instanceof GuardedServerCall<?, R> guarded) {
			return guarded.sendIfReady(message);
		}
		if (!call.isReady()) {
			return false;
		}
		call.sendMessage(message);
		return true;
	}

	boolean isDraining() {
		return this.draining;
	}

	/**
	 * Ends all calls that live, and has their handlers told as if their clients had gone:
	 * cancelled, and interrupted where their methods allow it. Blocks where interceptors
	 * do that the end passes through.
	 * @param status what the clients are told
	 */
	public void abort(Status status) {
		for (HandlerCall<?, ?> call : this.live) {
			// First, or they would begin in the place of those that end
			if (call.phase().isBeforeRunning()) {
				call.abort(status);
			}
		}
		this.live.forEach((call) -> call.abort(status));
	}

	/**
	 * Waits until no call lives but dismissed ones ({@link LiveCall#isDismissed}). Makes
	 * sense only when no new ones can come.
	 * @param timeout how long to wait; zero or less to look only
	 * @return whether no other call lives
	 * @throws InterruptedException if the thread is interrupted while it waits
	 */
	public boolean awaitIdle(Duration timeout) throws InterruptedException {
		CountDownLatch latch = new CountDownLatch(1);
		this.idle = latch;
		// Who ends a call removes it and then looks for a latch
		return isIdle() || latch.await(timeout.toNanos(), TimeUnit.NANOSECONDS) || isIdle();
	}

	private boolean isIdle() {
		for (HandlerCall<?, ?> call : this.live) {
			if (!call.isDismissed()) {
				return false;
			}
		}
		return true;
	}

	@Nullable CallThreadHook hook() {
		return this.hook;
	}

	Admission admission() {
		return this.admission;
	}

	DecodingThreads decodingThreads() {
		return this.decodingThreads;
	}

	Context.CancellableContext withTimeout(Context parent, Duration timeout) {
		return parent.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS, this.timer);
	}

	/** For tests: how many timers of calls have not run yet. */
	int timersRunning() {
		return this.timer.getQueue().size();
	}

	long nextId() {
		return this.ids.incrementAndGet();
	}

	/** A call has left the registry. */
	void ended(HandlerCall<?, ?> call) {
		StreamEndListener listener = this.streamEnds;
		if (listener != null && call.plan().isStream()) {
			tell(listener, call);
		}
		CountDownLatch latch = this.idle;
		if (latch != null && isIdle()) {
			latch.countDown();
		}
	}

	private static void tell(StreamEndListener listener, HandlerCall<?, ?> call) {
		try {
			listener.ended(new CallView(call));
		}
		catch (Throwable ex) {
			logger.error("%s failed when it was told of the end of %s".formatted(listener, call.describe()),
					LoggedFailure.of(ex));
		}
	}

	/**
	 * Gives back the threads. Called when the server has terminated.
	 */
	@Override
	public void close() {
		this.timer.shutdownNow();
		this.threads.close();
		this.decodingThreads.close();
	}

}
