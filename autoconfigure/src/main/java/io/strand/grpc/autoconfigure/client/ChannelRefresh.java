package io.strand.grpc.autoconfigure.client;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.GrpcChannels;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.Environment;

/**
 * Gives channels the settings that changed, when Spring Cloud says that the environment
 * did. Which channels those are is told by the values, not by the keys of the event: a
 * target may be made of another property. Settings that are not valid are logged and
 * change nothing: the application goes on with those it has. Thread-safe.
 */
class ChannelRefresh implements ApplicationListener<EnvironmentChangeEvent> {

	private static final Log logger = LogFactory.getLog(ChannelRefresh.class);

	private final Environment environment;

	private final ChannelUpdates updates;

	/** What the channels have. */
	private volatile Values current;

	ChannelRefresh(Environment environment, ChannelUpdates updates) {
		this.environment = environment;
		this.updates = updates;
		this.current = Values.in(environment);
	}

	@Override
	public void onApplicationEvent(EnvironmentChangeEvent event) {
		Set<String> changed = Set.of();
		try {
			Values values = Values.in(this.environment);
			changed = values.differencesTo(this.current);
			if (!changed.isEmpty()) {
				this.updates.update(
						Binder.get(this.environment).bindOrCreate("strand.client", GrpcClientProperties.class),
						changed);
				this.current = values;
				logger.info("New settings of gRPC channels %s apply to their next calls".formatted(changed));
			}
		}
		catch (ChannelConfigurationException | BindException ex) {
			logger.error("The new settings of gRPC channels %s are not valid: the old ones stay".formatted(changed),
					ex);
		}
	}

	/**
	 * The values of all properties of channels.
	 *
	 * @param byChannel the properties by the name of the channel, as deep as they are
	 * @param propagation what all channels have that say nothing else
	 */
	private record Values(Map<String, Object> byChannel, List<String> propagation) {

		static Values in(Environment environment) {
			Binder binder = Binder.get(environment);
			return new Values(
					binder.bind("strand.client.channels", Bindable.mapOf(String.class, Object.class)).orElse(Map.of()),
					binder.bind("strand.client.propagate-metadata", Bindable.listOf(String.class)).orElse(List.of()));
		}

		Set<String> differencesTo(Values others) {
			Set<String> names = new TreeSet<>(this.byChannel.keySet());
			names.addAll(others.byChannel.keySet());
			names.removeIf((name) -> Objects.equals(this.byChannel.get(name), others.byChannel.get(name)));
			if (!this.propagation.equals(others.propagation)) {
				names.add(GrpcChannels.DEFAULT);
			}
			return names;
		}

	}

}
