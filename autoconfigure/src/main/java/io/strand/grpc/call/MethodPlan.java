package io.strand.grpc.call;

import io.grpc.MethodDescriptor;
import io.strand.grpc.thread.CallThreads;

/**
 * What the engine knows of a method before any call of it.
 *
 * @param descriptor the method as the application knows it
 * @param settings how its calls are run
 * @param threads where its calls get their threads
 * @param clientSendsOneMessage whether a request is one message
 * @param serverSendsOneMessage whether an answer is one message
 */
record MethodPlan(MethodDescriptor<?, ?> descriptor, HandlerSettings settings, CallThreads threads,
		boolean clientSendsOneMessage, boolean serverSendsOneMessage) {

	MethodPlan(MethodDescriptor<?, ?> descriptor, HandlerSettings settings, CallThreads threads) {
		this(descriptor, settings, threads, descriptor.getType().clientSendsOneMessage(),
				descriptor.getType().serverSendsOneMessage());
	}

	/** Whether its handlers run on the event loop of their connection. */
	boolean onEventLoop() {
		return this.settings.threading() == Threading.EVENT_LOOP;
	}

	/** Whether a call may have to wait for a thread. */
	boolean waitsForThreads() {
		return !this.threads.isVirtual() && !onEventLoop();
	}

	/** Whether its requests or its responses are streams. */
	boolean isStream() {
		return !this.clientSendsOneMessage || !this.serverSendsOneMessage;
	}

	String fullMethodName() {
		return this.descriptor.getFullMethodName();
	}

}
