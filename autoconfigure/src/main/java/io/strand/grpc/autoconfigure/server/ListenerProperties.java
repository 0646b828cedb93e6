package io.strand.grpc.autoconfigure.server;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.NestedConfigurationProperty;

/**
 * Properties of a further listener of the server.
 */
public class ListenerProperties {

	/**
	 * TCP port to listen on; 0 for any free port. None if not set: it then needs a
	 * unix-socket.
	 */
	private @Nullable Integer port;

	/**
	 * Host name or address that the port is bound to, such as 127.0.0.1 for this machine
	 * only; all addresses of the machine if not set.
	 */
	private @Nullable String address;

	/**
	 * File of a Unix domain socket to listen on, beside or instead of the port; none if
	 * not set.
	 */
	private @Nullable Path unixSocket;

	/**
	 * Full proto names of the services that are served here, such as shop.Admin; * for
	 * all that are served on the server's main port, also if not set.
	 */
	private List<String> services = new ArrayList<>();

	/**
	 * Whether the services that are listed by name are served by the listeners that list
	 * them only, and no longer on the server's main port, Unix domain socket and
	 * in-process name.
	 */
	private boolean exclusive = true;

	/**
	 * Names of ServerInterceptor beans that intercept the calls that come in here, before
	 * the global ones, the first one outermost; none if not set.
	 */
	private List<String> interceptors = new ArrayList<>();

	/**
	 * TLS on the port.
	 */
	@NestedConfigurationProperty
	private final ServerSslProperties ssl = new ServerSslProperties();

	public @Nullable Integer getPort() {
		return this.port;
	}

	public void setPort(@Nullable Integer port) {
		this.port = port;
	}

	public @Nullable String getAddress() {
		return this.address;
	}

	public void setAddress(@Nullable String address) {
		this.address = address;
	}

	public @Nullable Path getUnixSocket() {
		return this.unixSocket;
	}

	public void setUnixSocket(@Nullable Path unixSocket) {
		this.unixSocket = unixSocket;
	}

	public List<String> getServices() {
		return this.services;
	}

	public void setServices(List<String> services) {
		this.services = services;
	}

	public boolean isExclusive() {
		return this.exclusive;
	}

	public void setExclusive(boolean exclusive) {
		this.exclusive = exclusive;
	}

	public List<String> getInterceptors() {
		return this.interceptors;
	}

	public void setInterceptors(List<String> interceptors) {
		this.interceptors = interceptors;
	}

	public ServerSslProperties getSsl() {
		return this.ssl;
	}

}
