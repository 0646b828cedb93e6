package io.strand.grpc.autoconfigure.client.xds;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import com.google.gson.reflect.TypeToken;
import io.grpc.xds.InternalGrpcBootstrapperImpl;
import io.grpc.xds.client.XdsInitializationException;
import io.strand.grpc.client.ChannelConfigurationException;

import org.springframework.core.io.ResourceLoader;

/**
 * Reads what an xDS client needs to know to reach its control plane.
 */
final class XdsBootstrap {

	private static final String PROPERTY = "strand.client.xds.bootstrap";

	private XdsBootstrap() {
	}

	/**
	 * Reads and checks a bootstrap.
	 * @param value JSON, or the location of a resource that has it
	 * @param resources loads it
	 * @return the bootstrap as gRPC's parser would have it
	 * @throws ChannelConfigurationException if it cannot be read or makes no sense
	 */
	static Map<String, ?> read(String value, ResourceLoader resources) {
		String json = value.trim().startsWith("{") ? value : load(value.trim(), resources);
		try {
			Map<String, ?> bootstrap = new Gson().fromJson(json, new TypeToken<Map<String, Object>>() {
			});
			if (bootstrap == null) {
				throw invalid("It is empty.");
			}
			InternalGrpcBootstrapperImpl.parseBootstrap(bootstrap);
			return bootstrap;
		}
		catch (JsonParseException ex) {
			throw invalid("It is not JSON: %s.".formatted(ex.getMessage()));
		}
		catch (XdsInitializationException | ClassCastException ex) {
			throw invalid(ex.getMessage() + ".");
		}
	}

	private static String load(String location, ResourceLoader resources) {
		try {
			return resources.getResource(location).getContentAsString(StandardCharsets.UTF_8);
		}
		catch (IOException ex) {
			throw new ChannelConfigurationException(
					"The xDS bootstrap '%s' of %s cannot be read: %s.".formatted(location, PROPERTY, ex.getMessage()),
					"Set it to a location such as classpath:xds.json or file:/etc/xds.json, or to JSON.");
		}
	}

	private static ChannelConfigurationException invalid(String why) {
		return new ChannelConfigurationException("The xDS bootstrap of %s is not valid. %s".formatted(PROPERTY, why),
				"It needs 'xds_servers', each with a 'server_uri' and 'channel_creds', and a 'node' with an 'id'.");
	}

}
