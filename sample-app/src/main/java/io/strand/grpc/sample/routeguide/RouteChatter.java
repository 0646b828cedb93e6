package io.strand.grpc.sample.routeguide;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.RouteNote;

/**
 * One call of {@code RouteChat}: answers each note with those left at its point before.
 */
class RouteChatter implements StreamObserver<RouteNote> {

	private final RouteNotes notes;

	private final StreamObserver<RouteNote> out;

	private boolean ended;

	RouteChatter(RouteNotes notes, StreamObserver<RouteNote> out) {
		this.notes = notes;
		this.out = out;
	}

	@Override
	public void onNext(RouteNote note) {
		if (this.ended) {
			return; // was on its way when the call was refused
		}
		try {
			this.notes.leave(note).forEach(this.out::onNext);
		}
		catch (IllegalArgumentException ex) {
			this.ended = true;
			this.out.onError(Status.INVALID_ARGUMENT.withDescription(ex.getMessage()).asException());
		}
	}

	@Override
	public void onError(Throwable ex) {
		this.ended = true;
	}

	@Override
	public void onCompleted() {
		if (!this.ended) {
			this.out.onCompleted();
		}
	}

}
