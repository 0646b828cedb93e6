package io.strand.grpc.security;

import java.security.cert.X509Certificate;
import java.util.List;

import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

import io.strand.grpc.call.PeerCertificate;
import org.jspecify.annotations.Nullable;

import org.springframework.security.authentication.BadCredentialsException;

/**
 * Which name in a certificate says who the client is. All but the last are subject
 * alternative names.
 */
public enum CertificateName {

	/** A URI, such as a SPIFFE ID: {@code spiffe://example.org/shop}. */
	URI,

	/** A host name. */
	DNS,

	/** An e-mail address. */
	EMAIL,

	/**
	 * The common name of the subject, which authorities do not check as they do others.
	 */
	COMMON_NAME;

	/**
	 * Finds the first name of this kind.
	 * @return the name, or {@code null} if the certificate has none
	 */
	@Nullable String find(PeerCertificate certificate) {
		return switch (this) {
			case URI -> first(certificate.uris());
			case DNS -> first(certificate.dnsNames());
			case EMAIL -> first(certificate.emails());
			case COMMON_NAME -> commonName(certificate.certificate());
		};
	}

	private static @Nullable String first(List<String> names) {
		return names.isEmpty() ? null : names.get(0);
	}

	private static @Nullable String commonName(X509Certificate certificate) {
		try {
			for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
				if (part.getType().equalsIgnoreCase("CN")) {
					return part.getValue().toString();
				}
			}
			return null;
		}
		catch (InvalidNameException ex) {
			throw new BadCredentialsException("The subject of the client's certificate cannot be read", ex);
		}
	}

}
