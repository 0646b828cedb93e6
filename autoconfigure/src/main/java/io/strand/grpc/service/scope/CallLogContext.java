package io.strand.grpc.service.scope;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Set;

import io.strand.grpc.call.CallThreadHook;
import io.strand.grpc.call.LiveCall;
import io.strand.grpc.call.LogText;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Puts what is known of a call into the MDC of its thread while it runs, so that every
 * log line of the call has it, and puts back what was there before. Thread-safe.
 */
public final class CallLogContext implements CallThreadHook {

	private static final Work NOTHING = new Entries(new String[0], new String[0]);

	private final LogContextEntry[] entries;

	private final String[] keys;

	/**
	 * Makes a hook.
	 * @param entries what to tell of a call
	 */
	public CallLogContext(Set<LogContextEntry> entries) {
		this.entries = entries.toArray(LogContextEntry[]::new);
		this.keys = entries.stream().map(LogContextEntry::key).toArray(String[]::new);
	}

	@Override
	public Work of(LiveCall call) {
		if (this.keys.length == 0) {
			return NOTHING;
		}
		@Nullable String[] values = new String[this.entries.length];
		for (int i = 0; i < values.length; i++) {
			values[i] = switch (this.entries[i]) {
				case METHOD -> call.method();
				case CALL_ID -> Long.toString(call.id());
				case PEER -> text(call.peer());
			};
		}
		return new Entries(this.keys, values);
	}

	private static @Nullable String text(@Nullable SocketAddress address) {
		if (address == null) {
			return null;
		}
		if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
			return inet.getAddress().getHostAddress() + ":" + inet.getPort();
		}
		return LogText.peer(address);
	}

	private static final class Entries implements Work {

		private final String[] keys;

		private final @Nullable String[] values;

		private final @Nullable String[] previous;

		Entries(String[] keys, @Nullable String[] values) {
			this.keys = keys;
			this.values = values;
			this.previous = new String[keys.length];
		}

		@Override
		public void begin() {
			for (int i = 0; i < this.keys.length; i++) {
				this.previous[i] = MDC.get(this.keys[i]);
				put(this.keys[i], this.values[i]);
			}
		}

		@Override
		public void end() {
			for (int i = 0; i < this.keys.length; i++) {
				put(this.keys[i], this.previous[i]);
			}
		}

		private static void put(String key, @Nullable String value) {
			if (value != null) {
				MDC.put(key, value);
			}
			else {
				MDC.remove(key);
			}
		}

	}

}
