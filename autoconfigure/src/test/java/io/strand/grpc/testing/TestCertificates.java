package io.strand.grpc.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;

/**
 * A self-signed certificate for {@code localhost} and {@code 127.0.0.1}: a key store for
 * the server, a trust store for its clients, and properties of Spring Boot's SSL bundles
 * for both.
 */
public final class TestCertificates {

	/** The password of both stores. */
	public static final String PASSWORD = TestStores.PASSWORD;

	private final Path keyStore;

	private final Path trustStore;

	private final Path certificate;

	private TestCertificates(Path directory) {
		this.keyStore = directory.resolve("server.p12");
		this.trustStore = directory.resolve("trust.p12");
		this.certificate = directory.resolve("server.pem");
	}

	/**
	 * Makes a key, its certificate and both stores.
	 * @param directory an empty directory, such as a {@code @TempDir}
	 * @return where they are
	 */
	public static TestCertificates in(Path directory) {
		TestCertificates certificates = new TestCertificates(directory);
		try {
			X509Bundle server = new CertificateBuilder().subject("CN=localhost")
				.addSanDnsName("localhost")
				.addSanIpAddress("127.0.0.1")
				.setIsCertificateAuthority(true) // of itself only
				.buildSelfSigned();
			TestStores.write(certificates.keyStore, (store) -> store.setKeyEntry("server",
					server.getKeyPair().getPrivate(), TestStores.password(), server.getCertificatePath()));
			TestStores.write(certificates.trustStore,
					(store) -> store.setCertificateEntry("server", server.getCertificate()));
			Files.writeString(certificates.certificate, server.getCertificatePEM());
		}
		catch (Exception ex) {
			throw new IllegalStateException("The certificate cannot be made", ex);
		}
		return certificates;
	}

	/**
	 * Properties of an SSL bundle for the server: it has the key and trusts itself.
	 * @param name the name of the bundle
	 * @return pairs of {@code key=value}
	 */
	public String[] serverBundle(String name) {
		List<String> properties = new ArrayList<>(List.of(clientBundle(name)));
		properties.addAll(TestStores.properties(name, "keystore", this.keyStore));
		return properties.toArray(String[]::new);
	}

	/**
	 * Properties of an SSL bundle for a client: it trusts the server and has no key.
	 * @param name the name of the bundle
	 * @return pairs of {@code key=value}
	 */
	public String[] clientBundle(String name) {
		return TestStores.properties(name, "truststore", this.trustStore).toArray(String[]::new);
	}

	/**
	 * Credentials of a gRPC channel that trusts the server, without Spring.
	 * @return new credentials
	 */
	public ChannelCredentials clientCredentials() {
		try {
			return TlsChannelCredentials.newBuilder().trustManager(this.certificate.toFile()).build();
		}
		catch (IOException ex) {
			throw new IllegalStateException("The certificate cannot be read", ex);
		}
	}

	/**
	 * The certificate in PEM.
	 * @return its text
	 * @throws IOException if it cannot be read
	 */
	public String certificatePem() throws IOException {
		return Files.readString(this.certificate);
	}

	/**
	 * The key store of the server.
	 * @return a PKCS12 file
	 */
	public Path keyStore() {
		return this.keyStore;
	}

	/**
	 * The trust store of its clients.
	 * @return a PKCS12 file
	 */
	public Path trustStore() {
		return this.trustStore;
	}

}
