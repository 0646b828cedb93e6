package io.strand.grpc.server;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import org.jspecify.annotations.Nullable;

/**
 * Another place where the server listens, with a TLS, services and interceptors of its
 * own. Immutable.
 *
 * @param name its name in the properties
 * @param port the TCP port; 0 for a free one, -1 for no TCP
 * @param address the host name or address to bind the port to; {@code null} for all
 * addresses of the machine
 * @param credentials what it proves its identity with on the port; {@code null} for
 * plaintext
 * @param unixSocket the file of a Unix domain socket to listen on
 * @param services the full names of the services that it serves, and {@link #ALL} for
 * those that the server serves at its main addresses
 * @param exclusive whether the services that it names are served at no main address
 * @param interceptors what intercepts the calls that come in here, before all others,
 * outermost first
 */
public record ServerListener(String name, int port, @Nullable String address, @Nullable ServerCredentials credentials,
		@Nullable Path unixSocket, List<String> services, boolean exclusive, List<ServerInterceptor> interceptors) {

	/** Stands for all services of the main addresses. */
	public static final String ALL = "*";

	public ServerListener {
		services = List.copyOf(services);
		interceptors = List.copyOf(interceptors);
	}

	/**
	 * What the names of its properties begin with.
	 * @return the prefix, without a dot
	 */
	public String prefix() {
		return prefix(this.name);
	}

	/**
	 * What the names of a listener's properties begin with.
	 * @param name the name of the listener
	 * @return the prefix, without a dot
	 */
	public static String prefix(String name) {
		return "strand.server.listeners." + name;
	}

	List<ServerEndpoint> endpoints(Connections connections) {
		List<ServerEndpoint> endpoints = new ArrayList<>();
		if (this.port >= 0) {
			endpoints.add(new ListenerEndpoint(this,
					new TcpEndpoint(prefix(), this.address, this.port, this.credentials, connections)));
		}
		if (this.unixSocket != null) {
			endpoints.add(new ListenerEndpoint(this, new UnixSocketEndpoint(prefix(), this.unixSocket, connections)));
		}
		return endpoints;
	}

}
