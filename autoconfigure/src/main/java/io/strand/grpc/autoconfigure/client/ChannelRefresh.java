package io.strand.grpc.autoconfigure.client;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.GrpcChannels;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.Environment;

/**
 * Gives channels the settings that changed, when Spring Cloud says that the environment
 * did. Settings that are not valid are logged and change nothing: the application goes on
 * with those it has.
 */
class ChannelRefresh implements ApplicationListener<EnvironmentChangeEvent> {

	private static final Log logger = LogFactory.getLog(ChannelRefresh.class);

	private static final ConfigurationPropertyName CHANNELS = ConfigurationPropertyName.of("strand.client.channels");

	/** What all channels have that say nothing else. */
	private static final ConfigurationPropertyName PROPAGATION = ConfigurationPropertyName
		.of("strand.client.propagate-metadata");

	private final Environment environment;

	private final ChannelUpdates updates;

	ChannelRefresh(Environment environment, ChannelUpdates updates) {
		this.environment = environment;
		this.updates = updates;
	}

	@Override
	public void onApplicationEvent(EnvironmentChangeEvent event) {
		Set<String> changed = changedChannels(event.getKeys());
		if (changed.isEmpty()) {
			return;
		}
		try {
			GrpcClientProperties properties = Binder.get(this.environment)
				.bindOrCreate("strand.client", GrpcClientProperties.class);
			this.updates.update(properties, changed);
			logger.info("New settings of gRPC channels %s apply to their next calls".formatted(changed));
		}
		catch (ChannelConfigurationException | BindException ex) {
			logger.error("The new settings of gRPC channels %s are not valid: the old ones stay".formatted(changed),
					ex);
		}
	}

	private static Set<String> changedChannels(Collection<String> keys) {
		Set<String> names = new TreeSet<>();
		for (String key : keys) {
			ConfigurationPropertyName name = ConfigurationPropertyName.adapt(key, '.');
			if (CHANNELS.isAncestorOf(name)) {
				names.add(name.getElement(CHANNELS.getNumberOfElements(), Form.ORIGINAL));
			}
			else if (PROPAGATION.equals(name) || PROPAGATION.isAncestorOf(name)) {
				names.add(GrpcChannels.DEFAULT);
			}
		}
		return names;
	}

}
