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

	private final Environment environment;

	private final GrpcChannels channels;

	private final ChannelSettingsMapper mapper;

	ChannelRefresh(Environment environment, GrpcChannels channels, ChannelSettingsMapper mapper) {
		this.environment = environment;
		this.channels = channels;
		this.mapper = mapper;
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
			this.channels.update(this.mapper.map(properties.getChannels()), changed);
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
		}
		return names;
	}

}
