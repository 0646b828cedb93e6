package io.strand.grpc.autoconfigure.client.discovery;

import java.util.Locale;
import java.util.Map;
import java.util.Map.Entry;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

/**
 * Finds the port of gRPC of an instance, which registers the port of its web server:
 * metadata say it, else the two are taken to be the same. Immutable, thread-safe.
 *
 * @param key the name of the entry of the metadata; {@code null} for {@code gRPC_port},
 * {@code grpc.port} and the like
 */
record InstancePort(@Nullable String key) {

	private static final String RELAXED_KEY = "grpcport";

	/**
	 * The port of an instance.
	 * @param instance the instance
	 * @return the port
	 * @throws IllegalArgumentException with a message for the user if it has none
	 */
	int of(ServiceInstance instance) {
		Entry<String, String> entry = entry(instance.getMetadata());
		String text = (entry != null) ? entry.getValue() : String.valueOf(instance.getPort());
		try {
			int port = Integer.parseInt(text.trim());
			if (port > 0 && port <= 65535) {
				return port;
			}
		}
		catch (NumberFormatException ex) {
			// told below
		}
		throw new IllegalArgumentException("the port '%s' of %s:%d%s is not a number from 1 to 65535".formatted(text,
				instance.getHost(), instance.getPort(),
				(entry != null) ? ", in its metadata '%s',".formatted(entry.getKey()) : ""));
	}

	private @Nullable Entry<String, String> entry(@Nullable Map<String, String> metadata) {
		if (metadata == null) {
			return null;
		}
		return metadata.entrySet()
			.stream()
			.filter((entry) -> (this.key != null) ? entry.getKey().equals(this.key) : isPort(entry.getKey()))
			.findFirst()
			.orElse(null);
	}

	private static boolean isPort(String key) {
		return key.toLowerCase(Locale.ROOT).replaceAll("[._-]", "").equals(RELAXED_KEY);
	}

}
