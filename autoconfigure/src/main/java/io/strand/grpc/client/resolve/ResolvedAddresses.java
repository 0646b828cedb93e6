package io.strand.grpc.client.resolve;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Collection;
import java.util.List;

import io.grpc.EquivalentAddressGroup;

/**
 * What the target of a channel was last resolved to, for those who tell of it.
 * Thread-safe.
 */
public final class ResolvedAddresses {

	/** More would bury the rest of a message. */
	private static final int SHOWN = 8;

	private volatile Collection<List<EquivalentAddressGroup>> latest = List.of();

	void set(List<EquivalentAddressGroup> addresses) {
		this.latest = List.of(addresses);
	}

	/**
	 * Takes addresses that come and go.
	 * @param addresses a view of those that there are, which any thread may read
	 */
	void follow(Collection<List<EquivalentAddressGroup>> addresses) {
		this.latest = addresses;
	}

	/**
	 * The addresses, or the first of them if there are many.
	 * @return text for a message, empty if the target was not resolved
	 */
	public String describe() {
		List<String> all = this.latest.stream()
			.flatMap(Collection::stream)
			.flatMap((group) -> group.getAddresses().stream())
			.map(ResolvedAddresses::describe)
			.toList();
		return (all.size() <= SHOWN) ? String.join(", ", all)
				: "%s and %d more".formatted(String.join(", ", all.subList(0, SHOWN)), all.size() - SHOWN);
	}

	/**
	 * An address without the name that it was found by.
	 * @param address an address
	 * @return text for a message
	 */
	public static String describe(SocketAddress address) {
		if (!(address instanceof InetSocketAddress inet) || inet.isUnresolved()) {
			return address.toString();
		}
		String host = inet.getAddress().getHostAddress();
		return ((host.indexOf(':') >= 0) ? "[%s]:%d" : "%s:%d").formatted(host, inet.getPort());
	}

}
