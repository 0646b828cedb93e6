package io.strand.grpc.autoconfigure.client;

import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

import io.strand.grpc.autoconfigure.client.GrpcClientProperties.ChannelProperties;
import io.strand.grpc.client.ChannelSettings;
import io.strand.grpc.client.GrpcChannels;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundles;

/**
 * Changes the settings of channels while the application runs: when its properties
 * change, and when an SSL bundle that they name is reloaded. Calls in flight go on as
 * they are. Thread-safe: of two changes at once, the later one has both.
 */
class ChannelUpdates {

	private static final Log logger = LogFactory.getLog(ChannelUpdates.class);

	private final ChannelSettingsMapper mapper;

	private final ObjectProvider<SslBundles> sslBundles;

	private final ReentrantLock lock = new ReentrantLock();

	// Mutable state, guarded by lock

	private GrpcClientProperties properties;

	private @Nullable GrpcChannels channels;

	private final Set<String> watched = new HashSet<>();

	/** Bundles that were reloaded while the channels were being made. */
	private final Set<String> early = new LinkedHashSet<>();

	/** Channels whose properties changed while they were being made. */
	private final Set<String> earlyNames = new LinkedHashSet<>();

	ChannelUpdates(GrpcClientProperties properties, ChannelSettingsMapper mapper,
			ObjectProvider<SslBundles> sslBundles) {
		this.properties = properties;
		this.mapper = mapper;
		this.sslBundles = sslBundles;
	}

	/**
	 * The settings to make the channels with. Bundles that are reloaded from here on are
	 * noticed.
	 * @return the settings by name
	 */
	Map<String, ChannelSettings> begin() {
		this.lock.lock();
		try {
			watch(this.properties.getChannels());
			return this.mapper.map(this.properties);
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Says which channels to update.
	 * @param made the channels that were made
	 */
	void apply(GrpcChannels made) {
		this.lock.lock();
		try {
			this.channels = made;
			if (!this.earlyNames.isEmpty()) {
				made.update(this.mapper.map(this.properties), this.earlyNames);
				this.earlyNames.clear();
			}
			this.early.forEach((name) -> renew(name, made));
			this.early.clear();
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Gives channels new settings.
	 * @param changed the properties, of all channels
	 * @param names the channels whose properties have changed
	 * @throws io.strand.grpc.client.ChannelConfigurationException if the properties are
	 * not valid; then nothing changes
	 */
	void update(GrpcClientProperties changed, Set<String> names) {
		this.lock.lock();
		try {
			watch(changed.getChannels());
			Map<String, ChannelSettings> settings = this.mapper.map(changed);
			if (this.channels != null) {
				this.channels.update(settings, names);
			}
			else {
				this.earlyNames.addAll(names);
			}
			this.properties = changed;
		}
		finally {
			this.lock.unlock();
		}
	}

	private void watch(Map<String, ChannelProperties> used) {
		SslBundles bundles = this.sslBundles.getIfAvailable();
		for (ChannelProperties channel : used.values()) {
			String name = channel.getSsl().getBundle();
			if (bundles != null && name != null && !this.watched.contains(name)) {
				try {
					bundles.addBundleUpdateHandler(name, (bundle) -> reloaded(name));
					this.watched.add(name);
				}
				catch (NoSuchSslBundleException ex) {
					// The mapper tells which property names it
				}
			}
		}
	}

	private void reloaded(String bundle) {
		this.lock.lock();
		try {
			GrpcChannels current = this.channels;
			if (current != null) {
				renew(bundle, current);
			}
			else {
				this.early.add(bundle);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private void renew(String bundle, GrpcChannels current) {
		Set<String> names = new TreeSet<>();
		this.properties.getChannels().forEach((name, channel) -> {
			if (bundle.equals(channel.getSsl().getBundle())) {
				names.add(name);
			}
		});
		try {
			current.update(this.mapper.map(this.properties), names);
			logger.info("SSL bundle '%s' was reloaded: new connections of the channels %s use it".formatted(bundle,
					String.join(", ", names)));
		}
		catch (RuntimeException ex) {
			logger.error("SSL bundle '%s' was reloaded, but the channels %s stay with what they had".formatted(bundle,
					String.join(", ", names)), ex);
		}
	}

}
