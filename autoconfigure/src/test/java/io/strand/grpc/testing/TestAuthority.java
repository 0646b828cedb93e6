package io.strand.grpc.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import org.jspecify.annotations.Nullable;

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
		return issue(name, "dns:" + host, "-validity", "2");
	}

	/**
	 * Makes a key with a certificate that is special.
	 * @param name its common name
	 * @param alternativeNames whom it is for, as keytool's extension {@code san} has it
	 * @param options options of keytool, such as {@code -startdate} and {@code -validity}
	 * @return a PKCS12 file with both
	 */
	public Path issue(String name, String alternativeNames, String... options) {
		Path identity = this.directory.resolve(name + ".p12");
		List<String> command = new ArrayList<>(List.of("-genkeypair", "-alias", name, "-keyalg", "EC", "-groupname",
				"secp256r1", "-dname", "CN=" + name, "-ext", "san=" + alternativeNames, "-signer", "authority",
				"-keystore", this.store.toString()));
		command.addAll(List.of(options));
		TestCertificates.keytool(command.toArray(String[]::new));
		TestCertificates.keytool("-importkeystore", "-noprompt", "-srckeystore", this.store.toString(), "-srcalias",
				name, "-destalias", "identity", "-srcstorepass", TestCertificates.PASSWORD, "-destkeystore",
				identity.toString(), "-deststoretype", "PKCS12", "-deststorepass", TestCertificates.PASSWORD);
		return identity;
	}

	/**
	 * Joins the key of one identity and the certificate of another, as a mistake would.
	 * @param key the identity whose key to take
	 * @param certificate the identity whose certificate to take
	 * @return a PKCS12 file
	 */
	public Path mixed(Path key, Path certificate) {
		Path mixed = this.directory.resolve("mixed.p12");
		char[] password = TestCertificates.PASSWORD.toCharArray();
		try (OutputStream file = Files.newOutputStream(mixed)) {
			KeyStore store = KeyStore.getInstance("PKCS12");
			store.load(null, null);
			store.setKeyEntry("identity", load(key).getKey("identity", password), password,
					load(certificate).getCertificateChain("identity"));
			store.store(file, password);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("The key store cannot be made", ex);
		}
		return mixed;
	}

	/**
	 * Puts the identities of several into one store.
	 * @param identities from {@link #issue}, whose entries are named 0, 1 and so on
	 * @return a PKCS12 file
	 */
	public Path together(Path... identities) {
		Path together = this.directory.resolve("together.p12");
		char[] password = TestCertificates.PASSWORD.toCharArray();
		try (OutputStream file = Files.newOutputStream(together)) {
			KeyStore store = KeyStore.getInstance("PKCS12");
			store.load(null, null);
			for (int i = 0; i < identities.length; i++) {
				KeyStore one = load(identities[i]);
				store.setKeyEntry(String.valueOf(i), one.getKey("identity", password), password,
						one.getCertificateChain("identity"));
			}
			store.store(file, password);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("The key store cannot be made", ex);
		}
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
			for (Certificate one : load(certificate).getCertificateChain("identity")) {
				chain.append(pem("CERTIFICATE", one.getEncoded()));
			}
			Key own = load(key).getKey("identity", TestCertificates.PASSWORD.toCharArray());
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

	/**
	 * Where Spring Boot finds a store.
	 * @param store a PKCS12 file
	 * @return its details
	 */
	public static JksSslStoreDetails details(Path store) {
		return new JksSslStoreDetails("PKCS12", null, store.toUri().toString(), TestCertificates.PASSWORD);
	}

}
