package io.strand.grpc.autoconfigure.client;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

import io.strand.grpc.autoconfigure.client.GrpcClientProperties.ChannelProperties;
import io.strand.grpc.client.GrpcChannels;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundles;

/**
 * Has the channels that use an SSL bundle connect anew when it is reloaded. Their calls
 * in flight go on with the old certificates. Thread-safe: of two bundles that are
 * reloaded at once, the later one sees both.
 */
class SslBundleUpdates {

	private static final Log logger = LogFactory.getLog(SslBundleUpdates.class);

	private final Map<String, ChannelProperties> properties;

	private final ChannelSettingsMapper mapper;

	private final ReentrantLock lock = new ReentrantLock();

	// Mutable state, guarded by lock

	private @Nullable GrpcChannels channels;

	/** Bundles that were reloaded while the channels were being made. */
	private final Set<String> early = new LinkedHashSet<>();

	SslBundleUpdates(Map<String, ChannelProperties> properties, ChannelSettingsMapper mapper) {
		this.properties = properties;
		this.mapper = mapper;
	}

	/**
	 * Begins to listen: what is reloaded from here on is noticed.
	 * @param sslBundles the bundles
	 */
	void listen(ObjectProvider<SslBundles> sslBundles) {
		Set<String> names = this.properties.values()
			.stream()
			.map((channel) -> channel.getSsl().getBundle())
			.filter(Objects::nonNull)
			.collect(Collectors.toCollection(LinkedHashSet::new));
		sslBundles.ifAvailable((bundles) -> names.forEach((name) -> {
			try {
				bundles.addBundleUpdateHandler(name, (bundle) -> reloaded(name));
			}
			catch (NoSuchSslBundleException ex) {
				// The mapper tells which property names it
			}
		}));
	}

	/**
	 * Says which channels to update.
	 * @param made the channels that were made of the properties
	 */
	void apply(GrpcChannels made) {
		this.lock.lock();
		try {
			this.channels = made;
			this.early.forEach((name) -> update(name, made));
			this.early.clear();
		}
		finally {
			this.lock.unlock();
		}
	}

	private void reloaded(String bundle) {
		this.lock.lock();
		try {
			GrpcChannels current = this.channels;
			if (current != null) {
				update(bundle, current);
			}
			else {
				this.early.add(bundle);
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private void update(String bundle, GrpcChannels current) {
		Set<String> names = new TreeSet<>();
		this.properties.forEach((name, channel) -> {
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
