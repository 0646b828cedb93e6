package io.strand.grpc.client.resolve;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

import io.grpc.EquivalentAddressGroup;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * One machine is one server.
 */
class LocalhostTests {

	@Test
	void theTwoAddressesOfLocalhostAreOneServer() throws UnknownHostException {
		assertThat(Localhost.merge(groups("127.0.0.1", "::1"))).singleElement()
			.satisfies((group) -> assertThat(group.getAddresses()).hasSize(2));
	}

	@Test
	void allElseIsLeftAsItIs() throws UnknownHostException {
		for (List<EquivalentAddressGroup> groups : List.of(groups("127.0.0.1"), groups("127.0.0.1", "127.0.0.2"),
				groups("127.0.0.1", "2001:db8::1"), groups("192.0.2.1", "2001:db8::1"),
				groups("127.0.0.1", "127.0.0.2", "::1"))) {
			assertThat(Localhost.merge(groups)).isSameAs(groups);
		}
	}

	private static List<EquivalentAddressGroup> groups(String... addresses) throws UnknownHostException {
		EquivalentAddressGroup[] groups = new EquivalentAddressGroup[addresses.length];
		for (int i = 0; i < addresses.length; i++) {
			groups[i] = new EquivalentAddressGroup(new InetSocketAddress(InetAddress.getByName(addresses[i]), 1));
		}
		return Arrays.asList(groups);
	}

}
