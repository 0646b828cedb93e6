package io.strand.grpc.client.method;

import java.time.Duration;
import java.util.Set;
import java.util.function.BiFunction;

import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Refuses settings that make no sense, by the full names of their properties. Immutable.
 *
 * @param name the property, or the group of properties, that is being checked
 * @param refusal makes the exception to throw of a reason and a remedy
 */
record SettingsCheck(String name, BiFunction<String, String, ? extends RuntimeException> refusal) {

	/** More is cut to this by gRPC, without a word. */
	private static final int MOST_ATTEMPTS = 5;

	/** gRPC has no longer deadlines, and nanoseconds in a long no much longer times. */
	private static final Duration LONGEST = Duration.ofDays(36500);

	SettingsCheck below(String property) {
		return new SettingsCheck(name(property), this.refusal);
	}

	SettingsCheck entry(String property, String key) {
		return new SettingsCheck("%s[%s]".formatted(name(property), key), this.refusal);
	}

	String name(String property) {
		return this.name + "." + property;
	}

	RuntimeException refuse(String reason, String remedy) {
		return this.refusal.apply(reason, remedy);
	}

	void that(boolean valid, String property, @Nullable Object value, String remedy) {
		if (!valid) {
			throw refuse("The value '%s' of %s is not valid.".formatted(value, name(property)), remedy);
		}
	}

	void attempts(String property, @Nullable Integer value) {
		that(value == null || (value >= 2 && value <= MOST_ATTEMPTS), property, value,
				"Set it to a number from 2 to 5, which counts the first attempt; %s=false makes calls once."
					.formatted(name("enabled")));
	}

	void positive(String property, @Nullable Duration value) {
		that(value == null || (value.compareTo(Duration.ZERO) > 0 && value.compareTo(LONGEST) <= 0), property, value,
				"Set it to a time above zero and up to 36500d.");
	}

	void notNegative(String property, @Nullable Duration value) {
		that(value == null || (!value.isNegative() && value.compareTo(LONGEST) <= 0), property, value,
				"Set it to a time from 0 to 36500d.");
	}

	void positive(String property, @Nullable Double value) {
		that(value == null || (value > 0 && Double.isFinite(value)), property, value, "Set it to a number above zero.");
	}

	void failures(String property, @Nullable Set<Status.Code> codes, boolean mayBeEmpty) {
		that(codes == null || mayBeEmpty || !codes.isEmpty(), property, "",
				"List at least one status code, such as UNAVAILABLE.");
		that(codes == null || !codes.contains(Status.Code.OK), property, "OK",
				"Remove it: a call that succeeded is not made again.");
	}

}
