package io.strand.grpc.client;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.grpc.NameResolverRegistry;

/**
 * Where a channel connects: what kind of transport the target string asks for.
 *
 * @param kind the kind of transport
 * @param text the target as it was written
 * @param scheme what stands before the first colon, in lower case; of host:port the host
 * @param rest the target without its scheme
 */
record ChannelTarget(Kind kind, String text, String scheme, String rest) {

	enum Kind {

		/** A TCP connection to what a name resolver of gRPC finds. */
		RESOLVED,

		/** TCP connections to a list of hosts. */
		STATIC,

		/** A Unix domain socket. */
		UNIX,

		/** A server in this JVM, without a socket. */
		IN_PROCESS,

		/** The application's own server. */
		SELF

	}

	/** dns:///host:port, dns://server/host:port. */
	private static final Pattern DNS = Pattern.compile("(?://[^/]*)?/((?:[^/:]+|\\[[^]]+]):\\d+)");

	/** What knows addresses by the name of a service; ports are for it to say. */
	private static final Set<String> NAMING_SERVICES = Set.of("discovery", "xds");

	private static final Pattern NAME = Pattern.compile("//[^/]*/.*[^/].*");

	/**
	 * Reads a target.
	 * @param target such as {@code dns:///host:port}
	 * @return the target
	 * @throws IllegalArgumentException with a message for the user if it makes no sense
	 */
	static ChannelTarget parse(String target) {
		String text = target.trim();
		int colon = text.indexOf(':');
		String scheme = (colon > 0) ? text.substring(0, colon).toLowerCase(Locale.ROOT) : "";
		String rest = text.substring(colon + 1);
		ChannelTarget parsed = switch (scheme) {
			case StaticNameResolverProvider.SCHEME ->
				new ChannelTarget(Kind.STATIC, text, scheme, withoutSlashes(rest));
			// unix:relative, unix:/absolute and unix:///absolute, as in gRPC's naming
			// document
			case "unix" -> new ChannelTarget(Kind.UNIX, text, scheme, rest.startsWith("//") ? rest.substring(2) : rest);
			case "in-process" -> new ChannelTarget(Kind.IN_PROCESS, text, scheme, withoutSlashes(rest));
			case "self" -> new ChannelTarget(Kind.SELF, text, scheme, withoutSlashes(rest));
			default -> new ChannelTarget(Kind.RESOLVED, text, scheme, rest);
		};
		parsed.check();
		return parsed;
	}

	private static String withoutSlashes(String rest) {
		int start = 0;
		while (start < rest.length() && rest.charAt(start) == '/') {
			start++;
		}
		return rest.substring(start);
	}

	private void check() {
		if (this.rest.isEmpty() && this.kind != Kind.SELF) {
			throw new IllegalArgumentException("It names nothing to connect to.");
		}
		if (this.kind == Kind.STATIC) {
			addresses();
		}
		if (this.kind == Kind.RESOLVED) {
			checkResolved();
		}
	}

	private void checkResolved() {
		if (this.scheme.startsWith("http") && this.rest.startsWith("/")) {
			throw new IllegalArgumentException(
					"gRPC has no URLs; whether the connection is encrypted is said by the channel's ssl.enabled.");
		}
		if (this.scheme.equals("dns")) {
			checkDns();
		}
		if (NAMING_SERVICES.contains(this.scheme) && !NAME.matcher(this.rest).matches()) {
			throw new IllegalArgumentException(
					"After '%s:', three slashes and a name without a port are expected.".formatted(this.scheme));
		}
		if (!hasScheme() && NameResolverRegistry.getDefaultRegistry().getProviderForScheme(this.scheme) == null) {
			HostAndPort.parse(this.text);
		}
	}

	private void checkDns() {
		Matcher dns = DNS.matcher(this.rest);
		if (!dns.matches()) {
			throw new IllegalArgumentException("After 'dns:', three slashes, a host and a port are expected.");
		}
		HostAndPort.parse(dns.group(1));
	}

	/**
	 * Whether it says who resolves it, as it does unless it is a host and a port.
	 * @return whether it does
	 */
	boolean hasScheme() {
		return this.rest.startsWith("/") || this.kind != Kind.RESOLVED;
	}

	Path unixSocket() {
		return Path.of(this.rest);
	}

	/**
	 * The hosts of a static target.
	 * @return at least one
	 */
	List<HostAndPort> addresses() {
		List<HostAndPort> addresses = new ArrayList<>();
		for (String address : this.rest.split(",", -1)) {
			addresses.add(HostAndPort.parse(address.trim()));
		}
		return addresses;
	}

	@Override
	public String toString() {
		return this.text;
	}

	/**
	 * A host and its port.
	 *
	 * @param host the name or address; an IPv6 address without brackets
	 * @param port the port, 1 to 65535
	 */
	record HostAndPort(String host, int port) {

		static HostAndPort parse(String address) {
			int colon = address.lastIndexOf(':');
			if (colon <= 0 || address.indexOf(']') > colon) {
				throw new IllegalArgumentException("The address '%s' is not a host and a port.".formatted(address));
			}
			String host = address.substring(0, colon);
			if (host.startsWith("[") && host.endsWith("]")) {
				host = host.substring(1, host.length() - 1);
			}
			else if (host.indexOf(':') >= 0) {
				throw new IllegalArgumentException(
						"The address '%s' has several colons; an IPv6 address stands in brackets.".formatted(address));
			}
			return new HostAndPort(host, port(address, address.substring(colon + 1)));
		}

		private static int port(String address, String text) {
			try {
				int port = Integer.parseInt(text);
				if (port > 0 && port <= 65535) {
					return port;
				}
			}
			catch (NumberFormatException ex) {
				// told below
			}
			throw new IllegalArgumentException("The port of '%s' is not a number from 1 to 65535.".formatted(address));
		}

		@Override
		public String toString() {
			return (this.host.indexOf(':') >= 0) ? "[%s]:%d".formatted(this.host, this.port)
					: this.host + ":" + this.port;
		}

	}

}
