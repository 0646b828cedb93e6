package io.strand.grpc.sample.concierge;

import java.time.Duration;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.BrochurePage;
import io.strand.grpc.sample.proto.BrochureRequest;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.MeetUpReply;
import io.strand.grpc.sample.proto.MeetUpRequest;
import io.strand.grpc.sample.proto.SongLine;
import io.strand.grpc.sample.proto.SongRequest;
import io.strand.grpc.sample.proto.VisitPlan;
import io.strand.grpc.sample.proto.VisitRequest;
import io.strand.grpc.service.GrpcService;

/**
 * Plans visits, lets guests meet, hands out brochures and sings. Its handlers block
 * wherever that is the plain way to write them: the thread of a call is the call's own.
 */
@GrpcService
class ConciergeService extends ConciergeGrpc.ConciergeImplBase {

	private final VisitPlanner planner;

	private final MeetingPoint meetingPoint;

	private final BrochurePress press;

	private final Choir choir;

	ConciergeService(VisitPlanner planner, MeetingPoint meetingPoint, BrochurePress press, Choir choir) {
		this.planner = planner;
		this.meetingPoint = meetingPoint;
		this.press = press;
		this.choir = choir;
	}

	@Override
	public void planVisit(VisitRequest request, StreamObserver<VisitPlan> out) {
		VisitPlan plan;
		try {
			plan = this.planner.plan(request);
		}
		catch (StatusException | StatusRuntimeException ex) {
			out.onError(ex); // what went wrong further on is the answer here
			return;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			out.onError(Status.CANCELLED.withDescription("Interrupted while planning").asException());
			return;
		}
		out.onNext(plan);
		out.onCompleted();
	}

	@Override
	public void meetUp(MeetUpRequest request, StreamObserver<MeetUpReply> out) {
		MeetUpReply reply;
		try {
			int arrival = this.meetingPoint.meet(request.getParty(), request.getSize(),
					Duration.ofMillis(request.getPatienceMillis()));
			reply = MeetUpReply.newBuilder().setArrival(arrival).setThreadKind(ThreadKind.current()).build();
		}
		catch (StatusException ex) {
			out.onError(ex);
			return;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			out.onError(Status.CANCELLED.withDescription("Interrupted while waiting").asException());
			return;
		}
		if (Context.current().isCancelled()) {
			return; // the guest has left, and to answer would be an error
		}
		out.onNext(reply);
		out.onCompleted();
	}

	@Override
	public void readBrochure(BrochureRequest request, StreamObserver<BrochurePage> out) {
		this.press.print(request.getPages(), request.getPageBytes(), out::onNext);
		out.onCompleted();
	}

	@Override
	public void sing(SongRequest request, StreamObserver<SongLine> out) {
		try {
			this.choir.sing(request.getVoices(), request.getLinesPerVoice(), out::onNext);
		}
		catch (StatusException ex) {
			out.onError(ex);
			return;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return; // nobody listens any more
		}
		out.onCompleted();
	}

}
