package io.strand.grpc.client;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

import io.grpc.NameResolverRegistry;

/**
 * Where a channel connects: what kind of transport the target string asks for.
 *
 * @param kind the kind of transport
 * @param text the target as it was written
 * @param rest the target without its scheme
 */
record ChannelTarget(Kind kind, String text, String rest) {

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

	/** dns:///host, dns://server/host, either with a port. */
	private static final Pattern DNS = Pattern.compile("(//[^/]*)?/[^/:]+(:\\d+)?|(//[^/]*)?/\\[[^]]+](:\\d+)?");

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
			case StaticNameResolverProvider.SCHEME -> new ChannelTarget(Kind.STATIC, text, withoutSlashes(rest));
			// unix:relative, unix:/absolute and unix:///absolute, as in gRPC's naming
			// document
			case "unix" -> new ChannelTarget(Kind.UNIX, text, rest.startsWith("//") ? rest.substring(2) : rest);
			case "in-process" -> new ChannelTarget(Kind.IN_PROCESS, text, withoutSlashes(rest));
			case "self" -> new ChannelTarget(Kind.SELF, text, withoutSlashes(rest));
			default -> new ChannelTarget(Kind.RESOLVED, text, rest);
		};
		parsed.check(scheme);
		return parsed;
	}

	private static String withoutSlashes(String rest) {
		int start = 0;
		while (start < rest.length() && rest.charAt(start) == '/') {
			start++;
		}
		return rest.substring(start);
	}

	private void check(String scheme) {
		if (this.rest.isEmpty() && this.kind != Kind.SELF) {
			throw new IllegalArgumentException("It names nothing to connect to.");
		}
		if (this.kind == Kind.STATIC) {
			addresses();
		}
		if (this.kind == Kind.RESOLVED) {
			checkResolved(scheme);
		}
	}

	/**
	 * Whether a scheme can be resolved is known only when the channel is made: resolvers
	 * may be registered until then.
	 */
	private void checkResolved(String scheme) {
		if (scheme.startsWith("http") && this.rest.startsWith("/")) {
			throw new IllegalArgumentException(
					"gRPC has no URLs; whether the connection is encrypted is said by the channel's ssl.enabled.");
		}
		if (scheme.equals("dns") && !DNS.matcher(this.rest).matches()) {
			throw new IllegalArgumentException("After 'dns:', three slashes, a host and a port are expected.");
		}
		if (!this.rest.startsWith("/")
				&& NameResolverRegistry.getDefaultRegistry().getProviderForScheme(scheme) == null) {
			HostAndPort.parse(this.text);
		}
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
