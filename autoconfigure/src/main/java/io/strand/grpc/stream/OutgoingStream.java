package io.strand.grpc.stream;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.strand.grpc.call.GrpcCall;

/**
 * Sends through the call, whose guard makes it thread-safe and waits for the client.
 */
final class OutgoingStream<R> implements ServerStream<R> {

	private final ServerCall<?, R> call;

	/** Two threads may both find it unset: the guard drops the second empty headers. */
	private volatile boolean headersSent;

	OutgoingStream(ServerCall<?, R> call) {
		this.call = call;
	}

	@Override
	public void send(R message) {
		if (!this.headersSent) {
			this.call.sendHeaders(new Metadata());
			this.headersSent = true;
		}
		this.call.sendMessage(message);
	}

	void complete() {
		this.call.close(Status.OK, new Metadata());
	}

	@Override
	public GrpcCall call() {
		return GrpcCall.of(this.call);
	}

}
