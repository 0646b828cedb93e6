package io.strand.grpc.call;

import java.util.List;

/**
 * What several hooks do around the work of one call.
 *
 * @param works what each does, outermost first
 */
record SeveralWorks(List<CallThreadHook.Work> works) implements CallThreadHook.Work {

	@Override
	public void begin() {
		this.works.forEach(CallThreadHook.Work::begin);
	}

	@Override
	public void end() {
		for (int i = this.works.size() - 1; i >= 0; i--) {
			this.works.get(i).end();
		}
	}

}
