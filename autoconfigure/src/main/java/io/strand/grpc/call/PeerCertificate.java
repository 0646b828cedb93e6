package io.strand.grpc.call;

import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

import io.grpc.Attributes;
import io.grpc.Grpc;
import org.jspecify.annotations.Nullable;

/**
 * The certificate that a client has proved its identity with, in mutual TLS. The server
 * has verified it when the connection was made. Immutable.
 *
 * @param certificate the certificate itself
 * @param uris the URIs it is for, such as {@code spiffe://shop/orders}
 * @param dnsNames the host names it is for
 * @param emails the e-mail addresses it is for
 */
public record PeerCertificate(X509Certificate certificate, List<String> uris, List<String> dnsNames,
		List<String> emails) {

	/** Kinds of alternative names, as RFC 5280 numbers them. */
	private static final int EMAIL = 1;

	private static final int DNS = 2;

	private static final int URI = 6;

	/**
	 * The certificate of whoever is on the other end of a call's connection.
	 * @param attributes those of a call or of its transport
	 * @return the certificate, or {@code null} if the client has shown none
	 */
	public static @Nullable PeerCertificate of(Attributes attributes) {
		SSLSession session = attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
		if (session == null) {
			return null;
		}
		try {
			Certificate[] chain = session.getPeerCertificates();
			return (chain.length > 0 && chain[0] instanceof X509Certificate certificate) ? of(certificate) : null;
		}
		catch (SSLPeerUnverifiedException ex) {
			return null; // How the JDK says that there is none
		}
	}

	/**
	 * Reads the names of a certificate.
	 * @param certificate the certificate
	 * @return the same with its names
	 */
	public static PeerCertificate of(X509Certificate certificate) {
		List<String> uris = new ArrayList<>();
		List<String> dnsNames = new ArrayList<>();
		List<String> emails = new ArrayList<>();
		for (List<?> name : alternativeNames(certificate)) {
			if (name.get(1) instanceof String text) {
				switch ((Integer) name.get(0)) {
					case URI -> uris.add(text);
					case DNS -> dnsNames.add(text);
					case EMAIL -> emails.add(text);
					default -> {
						// Nobody calls a client by these
					}
				}
			}
		}
		return new PeerCertificate(certificate, List.copyOf(uris), List.copyOf(dnsNames), List.copyOf(emails));
	}

	private static Collection<List<?>> alternativeNames(X509Certificate certificate) {
		try {
			Collection<List<?>> names = certificate.getSubjectAlternativeNames();
			return (names != null) ? names : List.of();
		}
		catch (CertificateParsingException ex) {
			return List.of(); // Then it has none that anybody could check
		}
	}

	/**
	 * What to call the client: the first of its URIs, else of its host names, else of its
	 * e-mail addresses, else its distinguished name.
	 * @return the name
	 */
	public String name() {
		for (List<String> names : List.of(this.uris, this.dnsNames, this.emails)) {
			if (!names.isEmpty()) {
				return names.get(0);
			}
		}
		return this.certificate.getSubjectX500Principal().getName();
	}

	@Override
	public String toString() {
		return name();
	}

}
