package io.strand.grpc.sample.tour;

import java.time.Duration;
import java.util.Locale;

/**
 * Something that was measured or counted, never something assumed. Immutable.
 *
 * @param name what it is
 * @param value how much of it
 */
record Figure(String name, String value) {

	static Figure count(String name, long count) {
		return new Figure(name, String.format(Locale.ROOT, "%,d", count));
	}

	static Figure time(String name, Duration time) {
		double millis = time.toNanos() / 1e6;
		return new Figure(name, String.format(Locale.ROOT, (millis < 10) ? "%.2f ms" : "%,.0f ms", millis));
	}

	static Figure perSecond(String name, long count, Duration time) {
		return count(name, Math.round(count * 1e9 / time.toNanos()));
	}

}
