package io.strand.grpc.sample.tour;

import java.time.Duration;

import io.strand.grpc.sample.proto.ConciergeGrpc;

import org.springframework.stereotype.Component;

/**
 * What the figures depend on.
 */
@Component
class Surroundings {

	private final ConciergeGrpc.ConciergeBlockingStub concierge;

	Surroundings(ConciergeGrpc.ConciergeBlockingStub concierge) {
		this.concierge = concierge;
	}

	String describe() {
		return "Java %s, %d processors; handlers run on %s threads, as one of them saw.".formatted(Runtime.version(),
				Runtime.getRuntime().availableProcessors(), threadKind());
	}

	String threadKind() {
		// A party of one is complete at once
		return this.concierge.meetUp(MeetUps.newParty(1, Duration.ZERO)).getThreadKind();
	}

}
