package io.strand.grpc.testing;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.jks.JksSslStoreBundle;
import org.springframework.boot.ssl.jks.JksSslStoreDetails;

/**
 * A certificate authority of a test, which signs certificates of servers and clients.
 */
public final class TestAuthority {

	private final Path directory;

	private final Path trustStore;

	private final X509Bundle authority;

	private TestAuthority(Path directory, X509Bundle authority) {
		this.directory = directory;
		this.trustStore = directory.resolve("authority-trust.p12");
		this.authority = authority;
		TestStores.write(this.trustStore,
				(store) -> store.setCertificateEntry("authority", authority.getCertificate()));
	}

	/**
	 * Makes an authority.
	 * @param directory an empty directory, such as a {@code @TempDir}
	 * @return the authority
	 */
	public static TestAuthority in(Path directory) {
		try {
			return new TestAuthority(directory,
					new CertificateBuilder().subject("CN=authority").setIsCertificateAuthority(true).buildSelfSigned());
		}
		catch (Exception ex) {
			throw new IllegalStateException("The authority cannot be made", ex);
		}
	}

	/**
	 * Makes a key with a certificate.
	 * @param name its common name, which is also the only host name it is for
	 * @return a PKCS12 file with both
	 */
	public Path issue(String name) {
		return issue(name, name);
	}

	/**
	 * Makes a key with a certificate.
	 * @param name its common name
	 * @param host the host name it is for
	 * @return a PKCS12 file with both
	 */
	public Path issue(String name, String host) {
		return issueFor(name, "dns:" + host);
	}

	/**
	 * Makes a key with a certificate.
	 * @param name its common name
	 * @param alternativeNames whom it is for, such as {@code dns:localhost,ip:127.0.0.1}
	 * @return a PKCS12 file with both
	 */
	public Path issueFor(String name, String alternativeNames) {
		return issue(name, alternativeNames, 0, 2);
	}

	/**
	 * Makes a key with a certificate that is not valid now, or not for long.
	 * @param name its common name
	 * @param host the host name it is for
	 * @param from the day from which on it is valid, where today is 0
	 * @param until the day until which it is valid
	 * @return a PKCS12 file with both
	 */
	public Path issueValid(String name, String host, int from, int until) {
		return issue(name, "dns:" + host, from, until);
	}

	private Path issue(String name, String alternativeNames, int from, int until) {
		Path identity = this.directory.resolve(name + ".p12");
		Instant now = Instant.now();
		CertificateBuilder builder = new CertificateBuilder().subject("CN=" + name)
			.notBefore(now.plus(from, ChronoUnit.DAYS))
			.notAfter(now.plus(until, ChronoUnit.DAYS));
		try {
			for (String alternativeName : alternativeNames.split(",")) {
				addName(builder, alternativeName);
			}
			X509Bundle issued = builder.buildIssuedBy(this.authority);
			TestStores.write(identity, (store) -> store.setKeyEntry("identity", issued.getKeyPair().getPrivate(),
					TestStores.password(), issued.getCertificatePath()));
		}
		catch (Exception ex) {
			throw new IllegalStateException("The certificate cannot be made", ex);
		}
		return identity;
	}

	private static void addName(CertificateBuilder builder, String name) throws URISyntaxException {
		String value = name.substring(name.indexOf(':') + 1);
		switch (name.substring(0, name.indexOf(':'))) {
			case "dns" -> builder.addSanDnsName(value);
			case "ip" -> builder.addSanIpAddress(value);
			case "uri" -> builder.addSanUriName(value);
			case "email" -> builder.addSanRfc822Name(value);
			default -> throw new IllegalArgumentException("Not a kind of name: " + name);
		}
	}

	/**
	 * Joins the key of one identity and the certificate of another, as a mistake would.
	 * @param key the identity whose key to take
	 * @param certificate the identity whose certificate to take
	 * @return a PKCS12 file
	 */
	public Path mixed(Path key, Path certificate) {
		Path mixed = this.directory.resolve("mixed.p12");
		TestStores.write(mixed,
				(store) -> store.setKeyEntry("identity", TestStores.read(key).getKey("identity", TestStores.password()),
						TestStores.password(), TestStores.read(certificate).getCertificateChain("identity")));
		return mixed;
	}

	/**
	 * Puts the identities of several into one store.
	 * @param identities from {@link #issue}, whose entries are named 0, 1 and so on
	 * @return a PKCS12 file
	 */
	public Path together(Path... identities) {
		Path together = this.directory.resolve("together.p12");
		TestStores.write(together, (store) -> {
			for (int i = 0; i < identities.length; i++) {
				KeyStore one = TestStores.read(identities[i]);
				store.setKeyEntry(String.valueOf(i), one.getKey("identity", TestStores.password()),
						TestStores.password(), one.getCertificateChain("identity"));
			}
		});
		return together;
	}

	/**
	 * Properties of an SSL bundle in PEM.
	 * @param name the name of the bundle
	 * @param key the identity whose key to use
	 * @param certificate the identity whose certificates to use
	 * @return pairs of {@code key=value}
	 */
	public static String[] pemOf(String name, Path key, Path certificate) {
		String prefix = "spring.ssl.bundle.pem." + name + ".keystore.";
		try {
			StringBuilder chain = new StringBuilder();
			for (Certificate one : TestStores.read(certificate).getCertificateChain("identity")) {
				chain.append(pem("CERTIFICATE", one.getEncoded()));
			}
			Key own = TestStores.read(key).getKey("identity", TestStores.password());
			return new String[] { prefix + "certificate=" + chain,
					prefix + "private-key=" + pem("PRIVATE KEY", own.getEncoded()) };
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("The key store cannot be used", ex);
		}
	}

	private static String pem(String type, byte[] content) {
		return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(type,
				Base64.getMimeEncoder(64, new byte[] { '\n' }).encodeToString(content));
	}

	/**
	 * Credentials of a gRPC channel that trusts the authority, without Spring.
	 * @param identity from {@link #issue}, or {@code null} for none
	 * @return new credentials
	 */
	public ChannelCredentials clientCredentials(@Nullable Path identity) {
		TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder().trustManager(trustManagers());
		if (identity != null) {
			builder.keyManager(keyManagers(identity));
		}
		return builder.build();
	}

	/**
	 * A PKCS12 file by which to trust what the authority has signed.
	 * @return the file
	 */
	public Path trustStore() {
		return this.trustStore;
	}

	public TrustManager[] trustManagers() {
		try {
			TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
			factory.init(TestStores.read(this.trustStore));
			return factory.getTrustManagers();
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("The trust store cannot be used", ex);
		}
	}

	public static KeyManager[] keyManagers(Path identity) {
		try {
			KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
			factory.init(TestStores.read(identity), TestStores.password());
			return factory.getKeyManagers();
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("The key store cannot be used", ex);
		}
	}

	/**
	 * Properties of an SSL bundle with an identity.
	 * @param name the name of the bundle
	 * @param identity from {@link #issue}
	 * @return pairs of {@code key=value}
	 */
	public static String[] keyStoreOf(String name, Path identity) {
		return TestStores.properties(name, "keystore", identity).toArray(String[]::new);
	}

	/**
	 * Properties of an SSL bundle that trusts the authority.
	 * @param name the name of the bundle
	 * @return pairs of {@code key=value}
	 */
	public String[] trustStoreOf(String name) {
		return TestStores.properties(name, "truststore", this.trustStore).toArray(String[]::new);
	}

	/**
	 * Properties of an SSL bundle that trusts the authority and has an identity.
	 * @param name the name of the bundle
	 * @param identity from {@link #issue}
	 * @return pairs of {@code key=value}
	 */
	public String[] bundleOf(String name, Path identity) {
		List<String> properties = new ArrayList<>(List.of(trustStoreOf(name)));
		properties.addAll(List.of(keyStoreOf(name, identity)));
		return properties.toArray(String[]::new);
	}

	/**
	 * An SSL bundle that trusts the authority and has an identity.
	 * @param identity from {@link #issue}
	 * @return the bundle
	 */
	public SslBundle bundle(Path identity) {
		return SslBundle.of(new JksSslStoreBundle(details(identity), details(this.trustStore)));
	}

	/**
	 * Where Spring Boot finds a store.
	 * @param store a PKCS12 file
	 * @return its details
	 */
	public static JksSslStoreDetails details(Path store) {
		return new JksSslStoreDetails("PKCS12", null, store.toUri().toString(), TestStores.PASSWORD);
	}

}
