package io.strand.grpc.client.resolve;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;

import io.grpc.EquivalentAddressGroup;

/**
 * Knows that {@code 127.0.0.1} and {@code ::1} are one machine: a policy that connects to
 * all addresses of {@code localhost} would connect twice to one server, or once in vain.
 */
final class Localhost {

	private Localhost() {
	}

	/**
	 * Makes one group of the two addresses of {@code localhost}.
	 * @param groups what a name was resolved to
	 * @return one group if these are the groups, else the groups
	 */
	static List<EquivalentAddressGroup> merge(List<EquivalentAddressGroup> groups) {
		if (groups.size() != 2) {
			return groups;
		}
		List<SocketAddress> addresses = new ArrayList<>(groups.get(0).getAddresses());
		addresses.addAll(groups.get(1).getAddresses());
		boolean loopback = addresses.size() == 2 && addresses.stream().allMatch(Localhost::isLoopback);
		return (loopback && isVersion4(addresses.get(0)) != isVersion4(addresses.get(1)))
				? List.of(new EquivalentAddressGroup(addresses, groups.get(0).getAttributes())) : groups;
	}

	private static boolean isLoopback(SocketAddress address) {
		return address instanceof InetSocketAddress inet && !inet.isUnresolved()
				&& inet.getAddress().isLoopbackAddress();
	}

	private static boolean isVersion4(SocketAddress address) {
		return ((InetSocketAddress) address).getAddress() instanceof Inet4Address;
	}

}
