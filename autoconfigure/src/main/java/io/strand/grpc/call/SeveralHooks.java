package io.strand.grpc.call;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Several hooks as one.
 *
 * @param hooks the hooks, outermost first
 */
record SeveralHooks(List<CallThreadHook> hooks) implements CallThreadHook {

	@Override
	public Work of(LiveCall call) {
		return new SeveralWorks(this.hooks.stream().map((hook) -> hook.of(call)).toList());
	}

	@Override
	public Work beside(LiveCall call, Work own) {
		List<Work> works = ((SeveralWorks) own).works();
		return new SeveralWorks(IntStream.range(0, works.size())
			.mapToObj((i) -> this.hooks.get(i).beside(call, works.get(i)))
			.toList());
	}

}
