package io.strand.grpc.actuate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;

/**
 * Says where the server listens and what it serves, and what channels there are.
 */
public class GrpcInfoContributor implements InfoContributor {

	private final @Nullable ServerView server;

	private final Supplier<List<ChannelDescriptor>> channels;

	/**
	 * Makes a contributor.
	 * @param server the server, if there is one
	 * @param channels the channels as they are when asked for
	 */
	public GrpcInfoContributor(@Nullable ServerView server, Supplier<List<ChannelDescriptor>> channels) {
		this.server = server;
		this.channels = channels;
	}

	@Override
	public void contribute(Info.Builder builder) {
		Map<String, Object> grpc = new LinkedHashMap<>();
		ServerView current = this.server;
		if (current != null) {
			grpc.put("server", Map.of("addresses", current.addresses(), "services", services(current)));
		}
		List<String> names = this.channels.get().stream().map(ChannelDescriptor::name).toList();
		if (!names.isEmpty()) {
			grpc.put("channels", names);
		}
		builder.withDetail("grpc", grpc);
	}

	private static List<String> services(ServerView server) {
		return server.engine()
			.methods()
			.stream()
			.map((method) -> method.descriptor().getServiceName())
			.filter(Objects::nonNull)
			.distinct()
			.toList();
	}

}
