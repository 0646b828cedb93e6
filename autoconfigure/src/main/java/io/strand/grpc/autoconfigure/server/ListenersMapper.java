package io.strand.grpc.autoconfigure.server;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import io.grpc.ServerInterceptor;
import io.strand.grpc.server.GrpcServerStartException;
import io.strand.grpc.server.ServerListener;
import io.strand.grpc.service.NearestName;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.util.StringUtils;

/**
 * Turns the properties of the server's further listeners into their settings.
 */
class ListenersMapper {

	private static final String NOT_SET = "(not set)";

	private final ListableBeanFactory beans;

	private final List<ServerInterceptor> globalInterceptors;

	private final ServerSsl ssl;

	ListenersMapper(ListableBeanFactory beans, List<ServerInterceptor> globalInterceptors, ServerSsl ssl) {
		this.beans = beans;
		this.globalInterceptors = globalInterceptors;
		this.ssl = ssl;
	}

	/**
	 * Makes the settings.
	 * @param properties the properties of the server
	 * @return one for each listener
	 * @throws GrpcServerStartException if they are not valid, or contradict each other
	 */
	List<ServerListener> map(GrpcServerProperties properties) {
		List<Taken> taken = new ArrayList<>();
		taken.add(new Taken("strand.server", properties.getPort(), textOrNull(properties.getAddress()),
				properties.getUnixSocket()));
		List<ServerListener> listeners = new ArrayList<>();
		properties.getListeners().forEach((name, listener) -> {
			String prefix = ServerListener.prefix(name);
			Taken place = new Taken(prefix, port(prefix, listener), textOrNull(listener.getAddress()),
					listener.getUnixSocket());
			taken.forEach(place::refuseIfSame);
			taken.add(place);
			listeners.add(new ServerListener(name, place.port(), place.address(),
					this.ssl.credentials(prefix + ".ssl", listener.getSsl()), place.unixSocket(),
					listener.getServices().isEmpty() ? List.of(ServerListener.ALL) : listener.getServices(),
					listener.isExclusive(), interceptors(prefix + ".interceptors", listener.getInterceptors())));
		});
		return listeners;
	}

	private static int port(String prefix, ListenerProperties listener) {
		Integer port = listener.getPort();
		if (port == null) {
			if (listener.getUnixSocket() == null) {
				throw new GrpcServerStartException(prefix + ".port", NOT_SET, "The listener has nowhere to listen.",
						"Set a port, 0 for any free one, or %s.unix-socket.".formatted(prefix), null);
			}
			refuseWithoutPort(prefix, ".address", listener.getAddress());
			refuseWithoutPort(prefix, ".ssl.bundle", listener.getSsl().getBundle());
			return -1;
		}
		if (port < 0 || port > GrpcServerSettingsMapper.HIGHEST_PORT) {
			throw new GrpcServerStartException(prefix + ".port", port, "There is no such port.",
					"Use 1 to 65535, or 0 for any free port.", null);
		}
		return port;
	}

	private static void refuseWithoutPort(String prefix, String property, @Nullable String value) {
		if (StringUtils.hasText(value)) {
			throw new GrpcServerStartException(prefix + property, value,
					"It is for a TCP port, and the listener has only a Unix domain socket.",
					"Remove it, or set %s.port.".formatted(prefix), null);
		}
	}

	private List<ServerInterceptor> interceptors(String property, List<String> names) {
		List<ServerInterceptor> interceptors = new ArrayList<>();
		for (String name : names) {
			List<String> known = Arrays.asList(this.beans.getBeanNamesForType(ServerInterceptor.class));
			if (!known.contains(name)) {
				String nearest = NearestName.of(name, known);
				throw new GrpcServerStartException(property, name, "There is no ServerInterceptor bean of this name.",
						(nearest != null) ? "Did you mean '%s'?".formatted(nearest)
								: "Use the names of beans of type ServerInterceptor. There are: %s."
									.formatted(known.isEmpty() ? "none" : String.join(", ", known)),
						null);
			}
			ServerInterceptor interceptor = this.beans.getBean(name, ServerInterceptor.class);
			if (this.globalInterceptors.contains(interceptor)) {
				throw new GrpcServerStartException(property, name,
						"It is a global interceptor, and would intercept the calls of this listener twice.",
						"Remove it here, or remove @GrpcGlobalServerInterceptor from the bean.", null);
			}
			interceptors.add(interceptor);
		}
		return interceptors;
	}

	private static @Nullable String textOrNull(@Nullable String value) {
		return StringUtils.hasText(value) ? value : null;
	}

	/**
	 * Where somebody listens.
	 */
	private record Taken(String prefix, int port, @Nullable String address, @Nullable Path unixSocket) {

		void refuseIfSame(Taken other) {
			if (this.port > 0 && this.port == other.port
					&& (this.address == null || other.address == null || this.address.equals(other.address))) {
				throw new GrpcServerStartException(this.prefix + ".port", this.port,
						"It is the port of %s.port too.".formatted(other.prefix),
						"Give each listener a port of its own, or a different address each.", null);
			}
			if (this.unixSocket != null && this.unixSocket.equals(other.unixSocket)) {
				throw new GrpcServerStartException(this.prefix + ".unix-socket", this.unixSocket,
						"It is the socket of %s.unix-socket too.".formatted(other.prefix),
						"Give each listener a socket of its own.", null);
			}
		}

	}

}
