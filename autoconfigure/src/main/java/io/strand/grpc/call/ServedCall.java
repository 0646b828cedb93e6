package io.strand.grpc.call;

import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.strand.grpc.thread.CallThreads;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * A call as the application sees it, made when it first asks. Thread-safe as
 * {@link GrpcCall} says.
 *
 * <p>
 * Tasks are a stack: who registers one pushes it, who runs them takes the whole stack and
 * leaves {@link Task#TAKEN} behind, so each runs once, and who finds that mark runs its
 * task itself.
 */
final class ServedCall implements GrpcCall {

	static final Context.Key<HandlerCall<?, ?>> KEY = Context.key("io.strand.grpc.call");

	private static final Log logger = LogFactory.getLog(ServedCall.class);

	private final HandlerCall<?, ?> call;

	private final AtomicReference<@Nullable Task> atEnd = new AtomicReference<>();

	private final AtomicReference<@Nullable Task> atDrain = new AtomicReference<>();

	/** Whether a stop has ended it and does not care when its client learns of that. */
	private volatile boolean dismissed;

	private final AtomicReference<@Nullable Metadata> responseHeaders = new AtomicReference<>();

	private final AtomicReference<@Nullable Metadata> responseTrailers = new AtomicReference<>();

	ServedCall(HandlerCall<?, ?> call) {
		this.call = call;
	}

	static ServedCall of(ServerCall<?, ?> call) {
		EngineServerCall<?, ?> engineCall = EngineServerCall.of(call);
		if (engineCall == null) {
			throw notServed(call.getMethodDescriptor().getFullMethodName());
		}
		return engineCall.served();
	}

	static IllegalStateException notServed(String method) {
		return new IllegalStateException(
				("The server of %s does not run on Strand's call engine, which blocking streams"
						+ " and GrpcCall need: register the service with the auto-configured server")
					.formatted(method));
	}

	@Override
	public long id() {
		return this.call.id();
	}

	@Override
	public MethodDescriptor<?, ?> method() {
		return this.call.plan().descriptor();
	}

	@Override
	public @Nullable SocketAddress peer() {
		return this.call.peer();
	}

	@Override
	public @Nullable Deadline deadline() {
		return this.call.context().getDeadline();
	}

	@Override
	public Attributes attributes() {
		return this.call.call().innermostAttributes();
	}

	@Override
	public Metadata headers() {
		return this.call.handlerRun().headers();
	}

	@Override
	public Metadata responseHeaders() {
		return metadata(this.responseHeaders);
	}

	@Override
	public Metadata responseTrailers() {
		return metadata(this.responseTrailers);
	}

	private static Metadata metadata(AtomicReference<@Nullable Metadata> reference) {
		Metadata made = reference.get();
		if (made == null) {
			Metadata candidate = new Metadata();
			Metadata witness = reference.compareAndExchange(null, candidate);
			made = (witness != null) ? witness : candidate;
		}
		return made;
	}

	Metadata withHeaders(Metadata headers) {
		return merged(headers, this.responseHeaders.get());
	}

	Metadata withTrailers(Metadata trailers) {
		return merged(trailers, this.responseTrailers.get());
	}

	/** Leaves what it is given alone: a handler may send the same in every call. */
	private static Metadata merged(Metadata sent, @Nullable Metadata added) {
		if (added == null) {
			return sent;
		}
		Metadata all = new Metadata();
		all.merge(sent);
		all.merge(added);
		return all;
	}

	@Override
	public boolean isCancelled() {
		return this.call.isCancelled();
	}

	@Override
	public boolean isDraining() {
		return this.call.engine().isDraining();
	}

	@Override
	public void onDrain(Runnable task) {
		if (!push(this.atDrain, task)) {
			CallThreads.start(CallEngine.DRAIN_THREAD, () -> run(task));
		}
		else if (isDraining()) {
			// It began meanwhile, and may have looked before the task was there
			CallThreads.start(CallEngine.DRAIN_THREAD, this::drain);
		}
	}

	void endAtStop(Runnable end) {
		onDrain(() -> {
			try {
				end.run();
			}
			finally {
				this.dismissed = true;
			}
		});
	}

	boolean isDismissed() {
		return this.dismissed;
	}

	<T extends @Nullable Object> T onBehalf(Supplier<T> task) {
		return this.call.thread().onBehalf(task);
	}

	boolean isToldOfDrain() {
		return this.atDrain.get() != null;
	}

	void drain() {
		runAll(this.atDrain);
	}

	@Override
	public void onEnd(Runnable task) {
		if (!push(this.atEnd, task)) {
			run(task);
		}
	}

	/** The last callback of the call has returned, or it will never have one. */
	void ended() {
		runAll(this.atEnd);
	}

	private static boolean push(AtomicReference<@Nullable Task> stack, Runnable task) {
		Task top = stack.get();
		while (top != Task.TAKEN) {
			Task witness = stack.compareAndExchange(top, new Task(task, top));
			if (witness == top) {
				return true;
			}
			top = witness;
		}
		return false;
	}

	private void runAll(AtomicReference<@Nullable Task> stack) {
		Task task = stack.getAndSet(Task.TAKEN);
		while (task != null && task != Task.TAKEN) {
			run(task.action);
			task = task.below;
		}
	}

	private void run(Runnable task) {
		Context previous = this.call.context().attach();
		try {
			task.run();
		}
		catch (Throwable ex) {
			logger.error("A task that was registered with %s failed".formatted(this), LoggedFailure.of(ex));
		}
		finally {
			this.call.context().detach(previous);
		}
	}

	@Override
	public String toString() {
		return this.call.describe();
	}

	private record Task(Runnable action, @Nullable Task below) {

		static final Task TAKEN = new Task(() -> {
		}, null);

	}

}
