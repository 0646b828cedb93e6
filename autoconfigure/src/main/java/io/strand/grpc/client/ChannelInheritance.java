package io.strand.grpc.client;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

import io.strand.grpc.client.method.ChannelMethods;

/**
 * Completes the settings of channels by those of the default one, and refuses what cannot
 * work, while the property it comes from is known. Immutable, thread-safe.
 */
final class ChannelInheritance {

	private final NameResolvers nameResolvers;

	ChannelInheritance(NameResolvers nameResolvers) {
		this.nameResolvers = nameResolvers;
	}

	/**
	 * Completes and checks.
	 * @param configured the settings by name
	 * @return what each channel is set to, with one to this application's own server
	 * @throws ChannelConfigurationException if a setting is not valid
	 */
	Map<String, ChannelSettings> apply(Map<String, ChannelSettings> configured) {
		ChannelSettings defaults = configured.getOrDefault(GrpcChannels.DEFAULT, ChannelSettings.builder().build());
		Map<String, ChannelSettings> inherited = new LinkedHashMap<>();
		configured.forEach(
				(name, own) -> own.methods().check(GrpcChannels.PREFIX + name, ChannelConfigurationException::new));
		configured.forEach((name, own) -> inherited.put(name, checked(name, own.inherit(defaults))));
		ChannelSettings self = configured.getOrDefault(GrpcChannels.SELF, ChannelSettings.builder().build());
		if (self.target() == null) {
			inherited.put(GrpcChannels.SELF, self.withTarget("self:").inherit(defaults));
		}
		return Collections.unmodifiableMap(inherited);
	}

	private ChannelSettings checked(String name, ChannelSettings settings) {
		String target = settings.target();
		if (target != null) {
			check(name, parse(GrpcChannels.PREFIX + name + ".target", target), settings);
		}
		else {
			checkCalls(name, settings);
		}
		return settings;
	}

	/**
	 * Checks what a channel is to be made of.
	 * @param name the name of the channel
	 * @param target where it leads
	 * @param settings all that applies to it
	 * @throws ChannelConfigurationException if that cannot work
	 */
	void check(String name, ChannelTarget target, ChannelSettings settings) {
		PlaintextCheck.check(name, target, settings);
		if (target.scheme().equals("xds") && Boolean.FALSE.equals(settings.methods().serviceConfigLookup())) {
			throw new ChannelConfigurationException(
					"The target '%s' of strand.client.channels.%s.target gets its routes and its endpoints by the"
						.formatted(target, name) + " service config that service-config-lookup=false turns away.",
					"Set strand.client.channels.%s.service-config-lookup to true.".formatted(name));
		}
		checkCalls(name, settings);
	}

	private static void checkCalls(String name, ChannelSettings settings) {
		LoadBalancing.of(GrpcChannels.PREFIX + name, settings.balancing());
		settings.methods().resolve(GrpcChannels.PREFIX + name, ChannelConfigurationException::new);
	}

	/**
	 * Reads a target.
	 * @param origin the property or method that it comes from
	 * @param target the target
	 * @return what it means
	 * @throws ChannelConfigurationException if it is not valid
	 */
	ChannelTarget parse(String origin, String target) {
		try {
			ChannelTarget parsed = ChannelTarget.parse(target);
			this.nameResolvers.check(parsed);
			return parsed;
		}
		catch (IllegalArgumentException ex) {
			throw new ChannelConfigurationException(
					"The target '%s' of %s is not valid. %s".formatted(target, origin, ex.getMessage()),
					"Use host:port, dns:///host:port, static://host1:port1,host2:port2, discovery:///name, xds:///name,"
							+ " unix:/path, in-process:name or self:.");
		}
	}

}
