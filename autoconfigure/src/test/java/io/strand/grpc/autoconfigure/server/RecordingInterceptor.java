package io.strand.grpc.autoconfigure.server;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Writes its name into a journal when a call passes.
 */
class RecordingInterceptor implements ServerInterceptor {

	private final String name;

	private final Journal journal;

	RecordingInterceptor(String name, Journal journal) {
		this.name = name;
		this.journal = journal;
	}

	@Override
	public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
			ServerCallHandler<Q, A> next) {
		this.journal.add(this.name);
		return next.startCall(call, headers);
	}

	/**
	 * The names in the order of the calls.
	 */
	static class Journal {

		private final List<String> entries = new CopyOnWriteArrayList<>();

		void add(String entry) {
			this.entries.add(entry);
		}

		List<String> takeAll() {
			List<String> all = List.copyOf(this.entries);
			this.entries.clear();
			return all;
		}

	}

}
