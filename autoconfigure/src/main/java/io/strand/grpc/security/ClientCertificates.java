package io.strand.grpc.security;

import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.strand.grpc.call.PeerCertificate;
import org.jspecify.annotations.Nullable;

import org.springframework.security.authentication.AccountStatusUserDetailsChecker;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.FactorGrantedAuthority;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.core.userdetails.UsernameNotFoundException;

/**
 * How clients are known by the certificate of their connection. That TLS asks for one,
 * and trusts it, is a matter of the server's SSL settings.
 */
public final class ClientCertificates {

	private List<CertificateName> names = List.of(CertificateName.URI, CertificateName.DNS, CertificateName.EMAIL);

	private @Nullable UserDetailsService users;

	private Function<X509Certificate, Collection<? extends GrantedAuthority>> authorities = (certificate) -> List
		.of(FactorGrantedAuthority.fromAuthority(FactorGrantedAuthority.X509_AUTHORITY));

	ClientCertificates() {
	}

	/**
	 * Which names to take, the first that the certificate has. Without it: URI, DNS,
	 * e-mail; the common name is not looked at.
	 * @param names kinds of names
	 * @return this
	 */
	public ClientCertificates principal(CertificateName... names) {
		this.names = List.of(names);
		return this;
	}

	/**
	 * Looks users up by the name of the certificate, who must be there and have their
	 * authorities from there. Without it, whoever has a trusted certificate is
	 * authenticated.
	 * @param users where to look
	 * @return this
	 */
	public ClientCertificates users(UserDetailsService users) {
		this.users = users;
		return this;
	}

	/**
	 * Gives authorities to clients that are not looked up.
	 * @param authorities of a certificate
	 * @return this
	 */
	public ClientCertificates authorities(
			Function<X509Certificate, Collection<? extends GrantedAuthority>> authorities) {
		this.authorities = authorities;
		return this;
	}

	Mechanism build() {
		if (this.names.isEmpty()) {
			throw new InvalidGrpcSecurityException("mutualTls() is to take the principal from no name at all.",
					"Write principal(CertificateName.DNS), or leave it out.");
		}
		return new Mechanism("mutual TLS", Mechanism.Source.CONNECTION, this::convert, this::authenticate);
	}

	private @Nullable Authentication convert(ServerCall<?, ?> call, Metadata headers) {
		PeerCertificate certificate = PeerCertificate.of(call.getAttributes());
		if (certificate == null) {
			return null;
		}
		for (CertificateName kind : this.names) {
			String name = kind.find(certificate);
			if (name != null) {
				return new CertificateAuthentication(name, certificate.certificate());
			}
		}
		throw new BadCredentialsException("The client's certificate for %s has no name of %s"
			.formatted(certificate.certificate().getSubjectX500Principal(), this.names));
	}

	private Authentication authenticate(Authentication claimed) {
		CertificateAuthentication claim = (CertificateAuthentication) claimed;
		X509Certificate certificate = claim.getCredentials();
		CertificateAuthentication known;
		if (this.users != null) {
			UserDetails user = load(this.users, claim.getName());
			new AccountStatusUserDetailsChecker().check(user);
			known = new CertificateAuthentication(user, certificate, user.getAuthorities());
		}
		else {
			known = new CertificateAuthentication(claim.getPrincipal(), certificate,
					this.authorities.apply(certificate));
		}
		known.setDetails(claim.getDetails());
		return known;
	}

	private static UserDetails load(UserDetailsService users, String name) {
		try {
			return users.loadUserByUsername(name);
		}
		catch (UsernameNotFoundException ex) {
			throw new BadCredentialsException("There is no user '%s' of the client's certificate".formatted(name), ex);
		}
	}

}
