package io.strand.grpc.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;

/**
 * A self-signed certificate for {@code localhost} and {@code 127.0.0.1}, made by the
 * JDK's own keytool: a key store for the server, a trust store for its clients, and
 * properties of Spring Boot's SSL bundles for both.
 */
public final class TestCertificates {

	/** The password of both stores. */
	public static final String PASSWORD = "changeit";

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
		keytool("-genkeypair", "-alias", "server", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=localhost",
				"-ext", "san=dns:localhost,ip:127.0.0.1", "-validity", "2", "-keystore",
				certificates.keyStore.toString());
		keytool("-exportcert", "-rfc", "-alias", "server", "-keystore", certificates.keyStore.toString(), "-file",
				certificates.certificate.toString());
		keytool("-importcert", "-noprompt", "-alias", "server", "-keystore", certificates.trustStore.toString(),
				"-file", certificates.certificate.toString());
		return certificates;
	}

	static void keytool(String... arguments) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
		command.addAll(List.of(arguments));
		if (!arguments[0].equals("-importkeystore")) {
			if (!arguments[0].equals("-exportcert")) {
				command.addAll(List.of("-storetype", "PKCS12"));
			}
			command.addAll(List.of("-storepass", PASSWORD));
		}
		try {
			Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
			String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
			if (process.waitFor() != 0) {
				throw new IllegalStateException("keytool failed: " + output);
			}
		}
		catch (IOException ex) {
			throw new IllegalStateException("keytool cannot be run", ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while keytool ran", ex);
		}
	}

	/**
	 * Properties of an SSL bundle for the server: it has the key and trusts itself.
	 * @param name the name of the bundle
	 * @return pairs of {@code key=value}
	 */
	public String[] serverBundle(String name) {
		List<String> properties = new ArrayList<>(List.of(clientBundle(name)));
		properties.addAll(store(name, "keystore", this.keyStore));
		return properties.toArray(String[]::new);
	}

	/**
	 * Properties of an SSL bundle for a client: it trusts the server and has no key.
	 * @param name the name of the bundle
	 * @return pairs of {@code key=value}
	 */
	public String[] clientBundle(String name) {
		return store(name, "truststore", this.trustStore).toArray(String[]::new);
	}

	static List<String> store(String bundle, String kind, Path file) {
		String prefix = "spring.ssl.bundle.jks.%s.%s.".formatted(bundle, kind);
		return List.of(prefix + "location=" + file.toUri(), prefix + "password=" + PASSWORD, prefix + "type=PKCS12");
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
