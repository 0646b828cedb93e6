package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.UUID;

import io.strand.grpc.sample.proto.MeetUpRequest;

/**
 * Makes requests for parties that nobody else knows of.
 */
final class MeetUps {

	private MeetUps() {
	}

	static MeetUpRequest newParty(int size, Duration patience) {
		return MeetUpRequest.newBuilder()
			.setParty("tour-" + UUID.randomUUID())
			.setSize(size)
			.setPatienceMillis((int) patience.toMillis())
			.build();
	}

}
