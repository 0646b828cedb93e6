package io.strand.grpc.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.jks.JksSslStoreBundle;
import org.springframework.boot.ssl.jks.JksSslStoreDetails;

/**
 * A certificate authority of a test, made by the JDK's own keytool, which signs
 * certificates of servers and clients.
 */
public final class TestAuthority {

	private final Path directory;

	private final Path store;

	private final Path trustStore;

	private TestAuthority(Path directory) {
		this.directory = directory;
		this.store = directory.resolve("authority.p12");
		this.trustStore = directory.resolve("authority-trust.p12");
	}

	/**
	 * Makes an authority.
	 * @param directory an empty directory, such as a {@code @TempDir}
	 * @return the authority
	 */
	public static TestAuthority in(Path directory) {
		TestAuthority authority = new TestAuthority(directory);
		Path certificate = directory.resolve("authority.pem");
		TestCertificates.keytool("-genkeypair", "-alias", "authority", "-keyalg", "EC", "-groupname", "secp256r1",
				"-dname", "CN=authority", "-ext", "bc:c", "-validity", "2", "-keystore", authority.store.toString());
		TestCertificates.keytool("-exportcert", "-rfc", "-alias", "authority", "-keystore", authority.store.toString(),
				"-file", certificate.toString());
		TestCertificates.keytool("-importcert", "-noprompt", "-alias", "authority", "-keystore",
				authority.trustStore.toString(), "-file", certificate.toString());
		return authority;
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
		Path identity = this.directory.resolve(name + ".p12");
		TestCertificates.keytool("-genkeypair", "-alias", name, "-keyalg", "EC", "-groupname", "secp256r1", "-dname",
				"CN=" + name, "-ext", "san=dns:" + host, "-validity", "2", "-signer", "authority", "-keystore",
				this.store.toString());
		TestCertificates.keytool("-importkeystore", "-noprompt", "-srckeystore", this.store.toString(), "-srcalias",
				name, "-destalias", "identity", "-srcstorepass", TestCertificates.PASSWORD, "-destkeystore",
				identity.toString(), "-deststoretype", "PKCS12", "-deststorepass", TestCertificates.PASSWORD);
		return identity;
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
			factory.init(load(this.trustStore));
			return factory.getTrustManagers();
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("The trust store cannot be used", ex);
		}
	}

	public static KeyManager[] keyManagers(Path identity) {
		try {
			KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
			factory.init(load(identity), TestCertificates.PASSWORD.toCharArray());
			return factory.getKeyManagers();
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("The key store cannot be used", ex);
		}
	}

	private static KeyStore load(Path file) throws GeneralSecurityException {
		try {
			return KeyStore.getInstance(file.toFile(), TestCertificates.PASSWORD.toCharArray());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Properties of an SSL bundle with an identity.
	 * @param name the name of the bundle
	 * @param identity from {@link #issue}
	 * @return pairs of {@code key=value}
	 */
	public static String[] keyStoreOf(String name, Path identity) {
		return TestCertificates.store(name, "keystore", identity).toArray(String[]::new);
	}

	/**
	 * Properties of an SSL bundle that trusts the authority.
	 * @param name the name of the bundle
	 * @return pairs of {@code key=value}
	 */
	public String[] trustStoreOf(String name) {
		return TestCertificates.store(name, "truststore", this.trustStore).toArray(String[]::new);
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

	private static JksSslStoreDetails details(Path store) {
		return new JksSslStoreDetails("PKCS12", null, store.toUri().toString(), TestCertificates.PASSWORD);
	}

}
