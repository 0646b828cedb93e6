package io.strand.grpc.client.method;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;

import org.jspecify.annotations.Nullable;

/**
 * How the methods of a channel are called. Immutable.
 *
 * @param defaults the settings of all methods
 * @param entries the settings of services, by full name such as {@code shop.Stock}, and
 * of methods, such as {@code shop.Stock/Reserve}
 * @param throttling when the channel stops to retry and to hedge
 * @param serviceConfigLookup whether a service config that comes with the resolved
 * addresses replaces the one made of these settings; it does if {@code null}
 */
public record ChannelMethods(MethodSettings defaults, Map<String, MethodSettings> entries, RetryThrottling throttling,
		@Nullable Boolean serviceConfigLookup) {

	/** Settings that leave everything open. */
	public static final ChannelMethods NONE = of(MethodSettings.NONE, Map.of());

	public ChannelMethods {
		entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
	}

	/**
	 * Settings without throttling.
	 * @param defaults the settings of all methods
	 * @param entries the settings of services and methods, by full name
	 * @return the settings
	 */
	public static ChannelMethods of(MethodSettings defaults, Map<String, MethodSettings> entries) {
		return new ChannelMethods(defaults, entries, RetryThrottling.NONE, null);
	}

	/**
	 * These settings, where they set something, else the parent's. An entry inherits from
	 * the parent's entry of the same name.
	 * @param parent the settings to inherit from
	 * @return new settings
	 */
	public ChannelMethods inherit(ChannelMethods parent) {
		Map<String, MethodSettings> merged = new LinkedHashMap<>(parent.entries);
		this.entries.forEach((name, own) -> merged.merge(name, own, (inherited, same) -> own.inherit(inherited)));
		return new ChannelMethods(this.defaults.inherit(parent.defaults), merged,
				this.throttling.inherit(parent.throttling),
				MethodSettings.own(this.serviceConfigLookup, parent.serviceConfigLookup));
	}

	/**
	 * Refuses values that make no sense, before anything is inherited.
	 * @param prefix what the names of the properties begin with
	 * @param refusal makes the exception to throw of a reason and a remedy
	 */
	public void check(String prefix, BiFunction<String, String, ? extends RuntimeException> refusal) {
		SettingsCheck check = new SettingsCheck(prefix, refusal);
		this.defaults.check(check);
		this.throttling.check(check.below("retry-throttling"));
		this.entries.forEach((name, settings) -> {
			SettingsCheck entry = check.entry("methods", name);
			if (!name.matches("[^/]+(/[^/]+)?")) {
				throw refusal.apply("'%s' of %s names no service or method.".formatted(name, entry.name()),
						"Use the full name of a service, such as shop.Stock, or of a method, such as"
								+ " shop.Stock/Reserve.");
			}
			settings.check(entry);
			if (isMethod(name) && settings.streamDeadline() != null) {
				throw refusal.apply("%s is for many methods, but this is one.".formatted(entry.name("stream-deadline")),
						"Set %s, which is for streams too where it is that of a method."
							.formatted(entry.name("deadline")));
			}
		});
	}

	/**
	 * Lets each entry inherit from the service's and the channel's.
	 * @param prefix what the names of the properties begin with
	 * @param refusal makes the exception to throw, of a reason and a remedy, if what was
	 * inherited does not go together
	 * @return the settings by method
	 */
	public ResolvedMethods resolve(String prefix, BiFunction<String, String, ? extends RuntimeException> refusal) {
		SettingsCheck check = new SettingsCheck(prefix, refusal);
		this.throttling.checkWhole(check.below("retry-throttling"));
		Map<String, MethodSettings> services = new LinkedHashMap<>();
		Map<String, MethodSettings> methods = new LinkedHashMap<>();
		this.entries.forEach((name, entry) -> {
			MethodSettings own = isMethod(name) ? entry.forOneMethod().inherit(serviceOf(name)) : entry;
			MethodSettings resolved = own.inherit(this.defaults);
			resolved.checkWhole(check.entry("methods", name), own);
			(isMethod(name) ? methods : services).put(name, resolved);
		});
		ResolvedMethods all = new ResolvedMethods(this.defaults, services, methods, this.throttling);
		// Without attempts, the channel's policy is there for that of a method to build
		// on
		this.defaults.checkWhole(check, all.repeatsCalls() ? MethodSettings.NONE : this.defaults);
		return all;
	}

	private MethodSettings serviceOf(String method) {
		return this.entries.getOrDefault(method.substring(0, method.indexOf('/')), MethodSettings.NONE);
	}

	private static boolean isMethod(String name) {
		return name.indexOf('/') >= 0;
	}

}
