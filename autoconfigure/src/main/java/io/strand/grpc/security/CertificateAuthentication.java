package io.strand.grpc.security;

import java.security.cert.X509Certificate;
import java.util.Collection;

import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.core.GrantedAuthority;

/**
 * A client that is known by the certificate of its connection, which TLS has checked.
 */
public final class CertificateAuthentication extends AbstractAuthenticationToken {

	private final Object principal;

	private final X509Certificate certificate;

	CertificateAuthentication(String name, X509Certificate certificate) {
		super((Collection<? extends GrantedAuthority>) null);
		this.principal = name;
		this.certificate = certificate;
	}

	CertificateAuthentication(Object principal, X509Certificate certificate,
			Collection<? extends GrantedAuthority> authorities) {
		super(authorities);
		this.principal = principal;
		this.certificate = certificate;
		super.setAuthenticated(true);
	}

	/**
	 * The name in the certificate, or the user of that name where users are looked up.
	 */
	@Override
	public Object getPrincipal() {
		return this.principal;
	}

	/**
	 * The certificate.
	 */
	@Override
	public X509Certificate getCredentials() {
		return this.certificate;
	}

}
