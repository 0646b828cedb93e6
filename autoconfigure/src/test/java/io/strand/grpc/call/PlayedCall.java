package io.strand.grpc.call;

import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.SilentServerCall;
import io.strand.grpc.thread.CallThreads;

/**
 * A unary call of a method with a limit, whose transport and thread the test plays.
 */
final class PlayedCall {

	private static final MethodDescriptor<Message, Message> UNARY = EchoGrpc.getUnaryMethod();

	private static final CallEngine ENGINE = new CallEngine((method) -> HandlerSettings.DEFAULT, false, 1);

	private final CallLimit limit = new CallLimit("test", 1);

	private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

	private final Transport transport = new Transport();

	private final HandlerCall<Message, Message> call;

	PlayedCall(ServerCallHandler<Message, Message> handler) {
		HandlerSettings settings = new HandlerSettings(Threading.PLATFORM, true, ConcurrentSend.SERIALIZE, null,
				HandlerSettings.DEFAULT_EVENT_LOOP_QUEUE, List.of(this.limit), Duration.ZERO);
		MethodPlan plan = new MethodPlan(UNARY, settings, CallThreads.pooled(this.tasks::add));
		this.call = new HandlerCall<>(ENGINE, plan, this.transport, new Metadata(), handler);
	}

	HandlerCall<Message, Message> call() {
		return this.call;
	}

	/** Its request arrives whole. On the transport's thread. */
	void arrive() {
		this.call.mailbox().onMessage(Message.getDefaultInstance());
		this.call.mailbox().onHalfClose();
	}

	/** Its client reads no more. */
	void fill() {
		this.transport.full = true;
	}

	/** Does what was handed to the pool. On the call's thread. */
	void run() {
		Runnable task = this.tasks.poll();
		while (task != null) {
			task.run();
			task = this.tasks.poll();
		}
	}

	/** The transport tells of the end, and the call's thread hears of it. */
	void complete() {
		if (this.transport.ends > 0) {
			this.call.mailbox().onComplete();
		}
		run();
	}

	int running() {
		return this.limit.running();
	}

	/** How often its client was told of the end. */
	int ends() {
		return this.transport.ends;
	}

	private static final class Transport extends SilentServerCall<Message, Message> {

		private volatile int ends;

		private volatile boolean full;

		@Override
		public boolean isReady() {
			return !this.full;
		}

		@Override
		public void close(Status status, Metadata trailers) {
			this.ends++;
		}

		@Override
		public MethodDescriptor<Message, Message> getMethodDescriptor() {
			return UNARY;
		}

	}

}
