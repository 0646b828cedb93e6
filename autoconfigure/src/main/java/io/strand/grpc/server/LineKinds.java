package io.strand.grpc.server;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception;
import io.strand.grpc.call.LineQuota;
import io.strand.grpc.call.LogText;
import org.jspecify.annotations.Nullable;

/**
 * Holds the lines of one logger to {@value LineQuota#LINES_PER_SECOND} of each kind in a
 * second. Thread-safe.
 */
final class LineKinds {

	/** Lines of a kind begin alike; what follows may be the client's text. */
	private static final int LENGTH_OF_KIND = 16;

	/** More than any logger has, should its lines ever begin with what a client sent. */
	private static final int MAX_KINDS = 100;

	private final Map<String, LineQuota> quotas = new ConcurrentHashMap<>();

	/**
	 * Asks for one line.
	 * @param message its text, or the pattern of that
	 * @param leftOutTold given a line of another kind that has the count of those that
	 * were left out
	 * @return whether it may be written
	 */
	boolean tryTake(@Nullable String message, Consumer<String> leftOutTold) {
		String text = String.valueOf(message);
		String kind = LogText.of(text.substring(0, Math.min(LENGTH_OF_KIND, text.length())));
		LineQuota quota = this.quotas.get(kind);
		if (quota == null) {
			String bounded = (this.quotas.size() < MAX_KINDS) ? kind : "";
			quota = this.quotas.computeIfAbsent(bounded, (name) -> new LineQuota((leftOut) -> leftOutTold
				.accept("Lines like this were left out: %s… (%d of them)".formatted(name, leftOut))));
		}
		return quota.tryTake();
	}

	/** Whether the stack of an exception says nothing that its message does not. */
	static boolean isFaultOfPeer(@Nullable Throwable thrown) {
		return thrown instanceof Http2Exception || thrown instanceof IOException
				|| thrown instanceof StatusRuntimeException || thrown instanceof StatusException;
	}

}
