package io.strand.grpc.security;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;

import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

import org.jspecify.annotations.Nullable;

import org.springframework.security.authentication.BadCredentialsException;

/**
 * Which name in a certificate says who the client is. All but the last are subject
 * alternative names.
 */
public enum CertificateName {

	/** A URI, such as a SPIFFE ID: {@code spiffe://example.org/shop}. */
	URI(6),

	/** A host name. */
	DNS(2),

	/** An e-mail address. */
	EMAIL(1),

	/**
	 * The common name of the subject, which authorities do not check as they do others.
	 */
	COMMON_NAME(-1);

	private final int type;

	CertificateName(int type) {
		this.type = type;
	}

	/**
	 * Finds the first name of this kind.
	 * @return the name, or {@code null} if the certificate has none
	 */
	@Nullable String find(X509Certificate certificate) {
		return (this == COMMON_NAME) ? commonName(certificate) : alternativeName(certificate);
	}

	private @Nullable String alternativeName(X509Certificate certificate) {
		try {
			Collection<List<?>> names = certificate.getSubjectAlternativeNames();
			if (names != null) {
				for (List<?> name : names) {
					if (Integer.valueOf(this.type).equals(name.get(0)) && name.get(1) instanceof String text
							&& !text.isEmpty()) {
						return text;
					}
				}
			}
			return null;
		}
		catch (CertificateParsingException ex) {
			throw new BadCredentialsException("The names of the client's certificate cannot be read", ex);
		}
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
