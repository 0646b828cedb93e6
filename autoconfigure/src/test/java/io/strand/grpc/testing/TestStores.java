package io.strand.grpc.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;

/**
 * Key stores and trust stores of tests: PKCS12 files, all with the same password.
 */
final class TestStores {

	static final String PASSWORD = "changeit";

	private TestStores() {
	}

	static char[] password() {
		return PASSWORD.toCharArray();
	}

	static void write(Path file, Entries entries) {
		try (OutputStream stream = Files.newOutputStream(file)) {
			KeyStore store = KeyStore.getInstance("PKCS12");
			store.load(null, null);
			entries.addTo(store);
			store.store(stream, password());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("The store cannot be made", ex);
		}
	}

	static KeyStore read(Path file) throws GeneralSecurityException {
		try {
			return KeyStore.getInstance(file.toFile(), password());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Properties of an SSL bundle.
	 * @param bundle its name
	 * @param kind which of its stores, {@code keystore} or {@code truststore}
	 * @param file the store
	 * @return {@code key=value} each
	 */
	static List<String> properties(String bundle, String kind, Path file) {
		String prefix = "spring.ssl.bundle.jks.%s.%s.".formatted(bundle, kind);
		return List.of(prefix + "location=" + file.toUri(), prefix + "password=" + PASSWORD, prefix + "type=PKCS12");
	}

	/** What goes into a store. */
	@FunctionalInterface
	interface Entries {

		void addTo(KeyStore store) throws GeneralSecurityException;

	}

}
