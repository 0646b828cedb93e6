package io.strand.grpc.client;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

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
			default -> new ChannelTarget(Kind.RESOLVED, text, text);
		};
		if (parsed.rest.isEmpty() && parsed.kind != Kind.SELF) {
			throw new IllegalArgumentException("It names nothing to connect to.");
		}
		if (parsed.kind == Kind.STATIC) {
			parsed.addresses();
		}
		return parsed;
	}

	private static String withoutSlashes(String rest) {
		int start = 0;
		while (start < rest.length() && rest.charAt(start) == '/') {
			start++;
		}
		return rest.substring(start);
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
		for (String address : this.rest.split(",")) {
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
				throw new IllegalArgumentException("The address '%s' has no port.".formatted(address));
			}
			String host = address.substring(0, colon);
			if (host.startsWith("[") && host.endsWith("]")) {
				host = host.substring(1, host.length() - 1);
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
