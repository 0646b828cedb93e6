package io.strand.grpc.client;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

/**
 * Chooses the channel of a stub: the one the injection point names, else the one whose
 * {@code services} lists the proto service, else the one that is named like it, else the
 * default one if it has a target, else this application's own server if that serves it.
 * Immutable, thread-safe.
 */
final class ChannelSelector {

	private final Map<String, ChannelSettings> channels;

	private final OwnServer ownServer;

	ChannelSelector(Map<String, ChannelSettings> channels, OwnServer ownServer) {
		this.channels = channels;
		this.ownServer = ownServer;
	}

	/**
	 * Chooses.
	 * @param stub the stub
	 * @param requested the name that the injection point asks for, if any
	 * @param injectionPoint the injection point in words
	 * @return the name of the channel, or {@code null} if no channel suits the stub
	 * @throws ChannelConfigurationException if there is no channel of the requested name,
	 * several suit, or the one that does has no target
	 */
	@Nullable String select(StubType stub, @Nullable String requested, String injectionPoint) {
		String channel = (requested != null) ? named(requested, injectionPoint) : byService(stub, injectionPoint);
		if (channel == null && hasTarget(GrpcChannels.DEFAULT)) {
			channel = GrpcChannels.DEFAULT;
		}
		if (channel == null && this.ownServer.serves(stub.protoService())) {
			channel = GrpcChannels.SELF;
		}
		if (channel != null && !hasTarget(channel)) {
			throw new ChannelConfigurationException(
					"%s asks for %s on channel '%s', which has no target.".formatted(injectionPoint, stub.displayName(),
							channel),
					"Set strand.client.channels.%s.target, or strand.client.channels.default.target."
						.formatted(channel));
		}
		return channel;
	}

	/**
	 * The channels whose {@code services} list a proto service.
	 * @param protoService the full name of the service
	 * @return names of channels
	 */
	List<String> claiming(String protoService) {
		return names((name) -> settings(name).services().contains(protoService));
	}

	private String named(String requested, String injectionPoint) {
		if (!this.channels.containsKey(requested)) {
			throw new ChannelConfigurationException(
					"%s asks for channel '%s' by @GrpcClient, but there is none of that name. Configured channels: %s."
						.formatted(injectionPoint, requested, configuredNames()),
					"Set strand.client.channels.%s.target, or correct the name in @GrpcClient.".formatted(requested));
		}
		return requested;
	}

	private @Nullable String byService(StubType stub, String injectionPoint) {
		String service = stub.protoService();
		String channel = one(claiming(service), stub, injectionPoint, "list the proto service '%s'".formatted(service));
		if (channel == null) {
			channel = one(names(service::equals), stub, injectionPoint, "are named like it");
		}
		if (channel == null) {
			String simple = relaxed(service.substring(service.lastIndexOf('.') + 1));
			channel = one(names((name) -> relaxed(name).equals(simple)), stub, injectionPoint,
					"are named like the proto service '%s'".formatted(service));
		}
		return channel;
	}

	private static @Nullable String one(List<String> channels, StubType stub, String injectionPoint, String why) {
		if (channels.size() > 1) {
			throw new ChannelConfigurationException(
					"%s asks for %s, but several channels %s: %s.".formatted(injectionPoint, stub.displayName(), why,
							String.join(", ", channels)),
					"Name one of them at the injection point, such as @GrpcClient(\"%s\"), or leave the service to one"
						.formatted(channels.get(0)) + " channel under strand.client.channels.");
		}
		return channels.isEmpty() ? null : channels.get(0);
	}

	private List<String> names(Predicate<String> filter) {
		return this.channels.keySet().stream().filter(filter).sorted().toList();
	}

	private static String relaxed(String name) {
		return name.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "");
	}

	private ChannelSettings settings(String name) {
		ChannelSettings settings = this.channels.get(name);
		return (settings != null) ? settings : ChannelSettings.builder().build();
	}

	private boolean hasTarget(String name) {
		return settings(name).target() != null;
	}

	/**
	 * Says that no channel suits a stub, and what would.
	 * @param stub the stub
	 * @param injectionPoint the injection point in words
	 * @return the exception to throw
	 */
	ChannelConfigurationException noChannel(StubType stub, String injectionPoint) {
		return new ChannelConfigurationException(
				"%s asks for %s, but no channel suits the proto service '%s', and this application does not serve it."
					.formatted(injectionPoint, stub.displayName(), stub.protoService())
						+ " Configured channels: %s.".formatted(configuredNames()),
				"Set strand.client.channels.default.target, or list the service in"
						+ " strand.client.channels.<name>.services next to a target.");
	}

	private String configuredNames() {
		List<String> names = names((name) -> !name.equals(GrpcChannels.SELF));
		return names.isEmpty() ? "none" : String.join(", ", names);
	}

}
