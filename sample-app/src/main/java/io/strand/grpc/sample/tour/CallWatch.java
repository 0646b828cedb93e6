package io.strand.grpc.sample.tour;

import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.thread.EventLoops;

/**
 * Notes on which threads the calls run that ask for it by a header. Thread-safe.
 */
@GrpcGlobalServerInterceptor
class CallWatch implements ServerInterceptor {

	static final Metadata.Key<String> HEADER = Metadata.Key.of("tour-watch", Metadata.ASCII_STRING_MARSHALLER);

	/** More than this are a stranger's, who sends the header too. */
	private static final int MOST_ENDED = 10_000;

	private final Queue<Watched> ended = new ConcurrentLinkedQueue<>();

	@Override
	public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
			ServerCallHandler<Q, A> next) {
		String watch = headers.get(HEADER);
		if (watch == null) {
			return next.startCall(call, headers);
		}
		Watched watched = new Watched(watch);
		watched.note();
		return new WatchedListener<>(next.startCall(call, headers), watched);
	}

	/**
	 * The calls that have ended.
	 * @param watch what their header said
	 * @return what was noted of them
	 */
	List<Watched> ended(String watch) {
		return this.ended.stream().filter((call) -> call.watch.equals(watch)).toList();
	}

	void forgetAll() {
		this.ended.clear();
	}

	private void end(Watched call) {
		this.ended.add(call);
		if (this.ended.size() > MOST_ENDED) {
			this.ended.poll();
		}
	}

	/**
	 * The threads of one call.
	 */
	static final class Watched {

		private final String watch;

		private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

		private volatile int untilHandled;

		private volatile boolean offEventLoop;

		private Watched(String watch) {
			this.watch = watch;
		}

		private void note() {
			this.threads.add(Thread.currentThread());
			if (!EventLoops.isCurrentThread()) {
				this.offEventLoop = true;
			}
		}

		/** How many threads ran it from the interceptor until its request was handled. */
		int untilHandled() {
			return this.untilHandled;
		}

		/** How many threads ran it from the interceptor to its last callback. */
		int untilEnded() {
			return this.threads.size();
		}

		/** Whether it ran on an event loop all the time. */
		boolean isOnEventLoop() {
			return !this.offEventLoop;
		}

	}

	private final class WatchedListener<Q> extends SimpleForwardingServerCallListener<Q> {

		private final Watched watched;

		private WatchedListener(ServerCall.Listener<Q> delegate, Watched watched) {
			super(delegate);
			this.watched = watched;
		}

		@Override
		public void onMessage(Q message) {
			this.watched.note();
			super.onMessage(message);
		}

		@Override
		public void onHalfClose() {
			this.watched.note();
			this.watched.untilHandled = this.watched.threads.size();
			super.onHalfClose();
		}

		@Override
		public void onComplete() {
			this.watched.note();
			super.onComplete();
			end(this.watched);
		}

	}

}
