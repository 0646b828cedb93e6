package io.strand.grpc.autoconfigure.server;

import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import io.strand.grpc.server.GrpcServerStartException;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;

/**
 * The certificate that a server shows its clients: that of the bundle which expires
 * first.
 *
 * @param subject whom it is for
 * @param until when it expires
 */
record ServerCertificate(String subject, Instant until) {

	private static final byte[] ANYTHING = { 1, 2, 3 };

	/**
	 * Looks at all certificates that a server might show.
	 * @param failures where the bundle comes from
	 * @param bundle the bundle, which has a key store
	 * @param now what time it is
	 * @return the one that expires first
	 * @throws GrpcServerStartException if clients would refuse one of them
	 */
	static ServerCertificate check(BundleFailures failures, SslBundle bundle, Instant now) {
		try {
			KeyStore store = bundle.getStores().getKeyStore();
			ServerCertificate first = null;
			if (store != null) {
				for (String alias : aliases(store, bundle)) {
					ServerCertificate certificate = check(failures, store, alias, password(bundle), now);
					first = (first == null || certificate.until().isBefore(first.until())) ? certificate : first;
				}
			}
			if (first == null) {
				throw failures.bundle("The key store of the SSL bundle has certificates but no private key.",
						"Add the key of the server's certificate to %s.".formatted(failures.store("keystore")), null);
			}
			return first;
		}
		catch (GeneralSecurityException ex) {
			throw failures.unusable(ex);
		}
	}

	private static List<String> aliases(KeyStore store, SslBundle bundle) throws GeneralSecurityException {
		if (bundle.getKey().getAlias() != null) {
			return List.of(bundle.getKey().getAlias());
		}
		List<String> aliases = new ArrayList<>();
		for (String alias : Collections.list(store.aliases())) {
			if (store.isKeyEntry(alias) && store.getCertificateChain(alias) != null) {
				aliases.add(alias);
			}
		}
		return aliases;
	}

	private static char @Nullable [] password(SslBundle bundle) {
		String password = bundle.getKey().getPassword();
		password = (password != null) ? password : bundle.getStores().getKeyStorePassword();
		return (password != null) ? password.toCharArray() : null;
	}

	private static ServerCertificate check(BundleFailures failures, KeyStore store, String alias,
			char @Nullable [] password, Instant now) throws GeneralSecurityException {
		Certificate[] chain = store.getCertificateChain(alias);
		if (chain == null || !(chain[0] instanceof X509Certificate own)) {
			throw failures.bundle("The entry '%s' of the key store has no certificate.".formatted(alias),
					"Name an entry with a key and its certificate.", null);
		}
		Key key = store.getKey(alias, password);
		if (key instanceof PrivateKey privateKey && !belongTogether(privateKey, own.getPublicKey())) {
			throw failures.bundle("The private key is not that of the certificate (%s).".formatted(subject(own)),
					"Use the key that the certificate was issued for, in %s.".formatted(failures.store("keystore")),
					null);
		}
		Instant until = own.getNotAfter().toInstant();
		for (Certificate one : chain) {
			if (one instanceof X509Certificate certificate && (one == own || !isRoot(certificate))) {
				checkDates(failures, certificate, now);
				Instant end = certificate.getNotAfter().toInstant();
				until = end.isBefore(until) ? end : until;
			}
		}
		return new ServerCertificate(subject(own), until);
	}

	/** Clients have roots of their own, and ignore those that they are sent. */
	private static boolean isRoot(X509Certificate certificate) {
		return certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal());
	}

	private static void checkDates(BundleFailures failures, X509Certificate certificate, Instant now) {
		if (now.isAfter(certificate.getNotAfter().toInstant())) {
			throw failures.bundle("The certificate (%s) has expired on %s.".formatted(subject(certificate),
					certificate.getNotAfter().toInstant()), "Renew it: clients refuse it.", null);
		}
		if (now.isBefore(certificate.getNotBefore().toInstant())) {
			throw failures.bundle(
					"The certificate (%s) is not valid before %s, and it is %s.".formatted(subject(certificate),
							certificate.getNotBefore().toInstant(), now),
					"Correct the clock of this machine, or use a certificate that is valid already.", null);
		}
	}

	private static String subject(X509Certificate certificate) {
		return certificate.getSubjectX500Principal().getName();
	}

	/**
	 * Whether a signature of one can be verified by the other. A kind of key that is not
	 * known here, or that cannot sign, is left to the handshake.
	 */
	static boolean belongTogether(PrivateKey key, PublicKey certified) {
		String algorithm = switch (certified.getAlgorithm()) {
			case "RSA" -> "SHA256withRSA";
			case "EC" -> "SHA256withECDSA";
			case "EdDSA", "Ed25519", "Ed448" -> "EdDSA";
			default -> null;
		};
		if (algorithm == null) {
			return true;
		}
		if (!key.getAlgorithm().equals(certified.getAlgorithm())) {
			return false;
		}
		byte[] signed;
		try {
			Signature signature = Signature.getInstance(algorithm);
			signature.initSign(key);
			signature.update(ANYTHING);
			signed = signature.sign();
		}
		catch (GeneralSecurityException ex) {
			return true;
		}
		try {
			Signature signature = Signature.getInstance(algorithm);
			signature.initVerify(certified);
			signature.update(ANYTHING);
			return signature.verify(signed);
		}
		catch (GeneralSecurityException ex) {
			return false;
		}
	}

}
