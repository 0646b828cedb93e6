package io.strand.grpc.call;

import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;

import io.grpc.Attributes;
import io.strand.grpc.testing.TestAuthority;
import io.strand.grpc.testing.TestCertificates;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link PeerCertificate}: the names of a client.
 */
class PeerCertificateTests {

	private static TestAuthority authority;

	private static int issued;

	@BeforeAll
	static void makeAuthority(@TempDir Path directory) {
		authority = TestAuthority.in(directory);
	}

	@Test
	void theFirstUriIsTheName() throws Exception {
		PeerCertificate peer = peer("dns:orders.shop,uri:spiffe://shop/orders,uri:urn:second,email:orders@shop.test");
		assertThat(peer.name()).isEqualTo("spiffe://shop/orders").isEqualTo(peer.toString());
		assertThat(peer.uris()).containsExactly("spiffe://shop/orders", "urn:second");
		assertThat(peer.dnsNames()).containsExactly("orders.shop");
		assertThat(peer.emails()).containsExactly("orders@shop.test");
	}

	@Test
	void thenTheFirstHostName() throws Exception {
		assertThat(peer("email:orders@shop.test,dns:orders.shop,dns:second.shop").name()).isEqualTo("orders.shop");
	}

	@Test
	void thenTheEmailAddress() throws Exception {
		assertThat(peer("ip:127.0.0.1,email:orders@shop.test").name()).isEqualTo("orders@shop.test");
	}

	@Test
	void thenTheDistinguishedName() throws Exception {
		PeerCertificate peer = peer("ip:127.0.0.1");
		assertThat(peer.name()).isEqualTo("CN=client-" + issued)
			.isEqualTo(PeerCertificate.of(peer.certificate()).name());
		Path trusted = authority.trustStore();
		KeyStore store = KeyStore.getInstance(trusted.toFile(), TestCertificates.PASSWORD.toCharArray());
		assertThat(PeerCertificate.of((X509Certificate) store.getCertificate("authority")).name())
			.isEqualTo("CN=authority");
	}

	@Test
	void plaintextHasNone() {
		assertThat(PeerCertificate.of(Attributes.EMPTY)).isNull();
	}

	private static PeerCertificate peer(String alternativeNames) throws Exception {
		Path identity = authority.issueFor("client-" + ++issued, alternativeNames);
		KeyStore store = KeyStore.getInstance(identity.toFile(), TestCertificates.PASSWORD.toCharArray());
		return PeerCertificate.of((X509Certificate) store.getCertificate("identity"));
	}

}
