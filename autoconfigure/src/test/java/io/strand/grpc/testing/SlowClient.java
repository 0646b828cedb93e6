package io.strand.grpc.testing;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;

/**
 * A client that takes one message and no more until it is told.
 */
public final class SlowClient implements ClientResponseObserver<Message, Message> {

	private final List<Message> messages = new CopyOnWriteArrayList<>();

	private final CompletableFuture<Status> end = new CompletableFuture<>();

	private volatile ClientCallStreamObserver<Message> call;

	@Override
	public void beforeStart(ClientCallStreamObserver<Message> call) {
		this.call = call;
		call.disableAutoRequestWithInitial(1);
	}

	@Override
	public void onNext(Message message) {
		this.messages.add(message);
	}

	@Override
	public void onError(Throwable ex) {
		this.end.complete(Status.fromThrowable(ex));
	}

	@Override
	public void onCompleted() {
		this.end.complete(Status.OK);
	}

	public void readAll() {
		this.call.request(1 << 20);
	}

	public void cancel() {
		this.call.cancel("the client has seen enough", null);
	}

	public List<Message> messages() {
		return this.messages;
	}

	/** Waits for the end of the call. */
	public Status end() throws Exception {
		return this.end.get(20, TimeUnit.SECONDS);
	}

}
