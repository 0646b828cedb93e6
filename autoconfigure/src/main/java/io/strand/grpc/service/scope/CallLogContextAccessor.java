package io.strand.grpc.service.scope;

import java.util.EnumMap;
import java.util.Map;

import io.micrometer.context.ThreadLocalAccessor;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

import org.springframework.util.ClassUtils;

/**
 * Lets Micrometer's context propagation carry what the MDC tells of a call to other
 * threads. Found as a service, also where SLF4J is missing.
 */
public final class CallLogContextAccessor implements ThreadLocalAccessor<Map<LogContextEntry, String>> {

	/** The key in snapshots. */
	public static final String KEY = "io.strand.grpc.log-context";

	private static final boolean present = ClassUtils.isPresent("org.slf4j.MDC",
			CallLogContextAccessor.class.getClassLoader());

	@Override
	public Object key() {
		return KEY;
	}

	@Override
	public @Nullable Map<LogContextEntry, String> getValue() {
		if (!present) {
			return null;
		}
		Map<LogContextEntry, String> entries = new EnumMap<>(LogContextEntry.class);
		for (LogContextEntry entry : LogContextEntry.values()) {
			String value = MDC.get(entry.key());
			if (value != null) {
				entries.put(entry, value);
			}
		}
		return entries.isEmpty() ? null : entries; // nothing to carry
	}

	@Override
	public void setValue(Map<LogContextEntry, String> value) {
		for (LogContextEntry entry : LogContextEntry.values()) {
			String text = value.get(entry);
			if (text != null) {
				MDC.put(entry.key(), text);
			}
			else {
				MDC.remove(entry.key());
			}
		}
	}

	@Override
	public void setValue() {
		if (present) {
			setValue(Map.of());
		}
	}

}
