package io.strand.grpc.actuate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

import io.strand.grpc.call.LiveCall;

/**
 * The calls that live, as they are shown to operators.
 *
 * @param total how many there are
 * @param oldest those that have been there longest, up to {@value #MAX_CALLS}
 */
public record CallsDescriptor(int total, List<CallDescriptor> oldest) {

	static final int MAX_CALLS = 1000;

	static CallsDescriptor of(Iterable<LiveCall> live) {
		List<LiveCall> calls = new ArrayList<>();
		live.forEach(calls::add);
		// Read once: an age that changes while it is compared has no order
		List<Aged> aged = calls.stream().map((call) -> new Aged(call, call.age().toNanos())).toList();
		return new CallsDescriptor(calls.size(),
				aged.stream()
					.sorted(Comparator.comparingLong(Aged::nanos).reversed())
					.limit(MAX_CALLS)
					.map((one) -> CallDescriptor.of(one.call()))
					.toList());
	}

	private record Aged(LiveCall call, long nanos) {

	}

}
