package io.strand.grpc.testing;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;

/**
 * A call of the echo service as its client sees it, for any kind of method.
 */
public final class Outcome extends ClientCall.Listener<Message> {

	private final ClientCall<Message, Message> call;

	private final List<Message> messages = new CopyOnWriteArrayList<>();

	private final CompletableFuture<Status> status = new CompletableFuture<>();

	private volatile Metadata trailers = new Metadata();

	private Outcome(ClientCall<Message, Message> call) {
		this.call = call;
	}

	public static Outcome of(Channel channel, MethodDescriptor<Message, Message> method, CallOptions options,
			Message... requests) {
		Outcome outcome = new Outcome(channel.newCall(method, options));
		outcome.call.start(outcome, new Metadata());
		outcome.call.request(1000);
		for (Message request : requests) {
			outcome.call.sendMessage(request);
		}
		outcome.call.halfClose();
		return outcome;
	}

	/** Starts a call and leaves its request open. */
	public static Outcome open(Channel channel, MethodDescriptor<Message, Message> method, CallOptions options) {
		Outcome outcome = new Outcome(channel.newCall(method, options));
		outcome.call.start(outcome, new Metadata());
		outcome.call.request(1000);
		return outcome;
	}

	@Override
	public void onMessage(Message message) {
		this.messages.add(message);
	}

	@Override
	public void onClose(Status status, Metadata trailers) {
		this.trailers = trailers;
		this.status.complete(status);
	}

	public ClientCall<Message, Message> call() {
		return this.call;
	}

	public void cancel() {
		this.call.cancel("The test cancels", null);
	}

	public Status status() {
		try {
			return this.status.get(60, TimeUnit.SECONDS);
		}
		catch (Exception ex) {
			throw new IllegalStateException("The call has not ended", ex);
		}
	}

	public boolean isEnded() {
		return this.status.isDone();
	}

	public Metadata trailers() {
		return this.trailers;
	}

	public List<Message> messages() {
		return this.messages;
	}

}
