package io.strand.grpc.sample.theatre;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.Heard;
import io.strand.grpc.sample.proto.Line;

/**
 * Hears the lines of one call. Has no lock and nothing volatile: the callbacks of a call
 * come one at a time, and each sees what the one before it wrote.
 */
class Audience implements StreamObserver<Line> {

	private final StreamObserver<Heard> out;

	private final Blackboard blackboard;

	private boolean hearing;

	private int lines;

	private int overlaps;

	private int outOfOrder;

	private int tooEarly;

	Audience(StreamObserver<Heard> out, Blackboard blackboard) {
		this.out = out;
		this.blackboard = blackboard;
	}

	@Override
	public void onNext(Line line) {
		this.overlaps += this.hearing ? 1 : 0;
		this.hearing = true;
		this.outOfOrder += (line.getNumber() != this.lines) ? 1 : 0;
		this.tooEarly += (this.blackboard.read() < line.getNumber()) ? 1 : 0;
		this.lines++;
		this.hearing = false;
	}

	@Override
	public void onCompleted() {
		this.out.onNext(Heard.newBuilder()
			.setLines(this.lines)
			.setOverlaps(this.overlaps)
			.setOutOfOrder(this.outOfOrder)
			.setTooEarly(this.tooEarly)
			.build());
		this.out.onCompleted();
	}

	@Override
	public void onError(Throwable ex) {
		// Nobody waits for an answer any more
	}

}
