package io.strand.grpc.security;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.ProviderManager;

/**
 * Builds the security of the server. A bean of this type is injected wherever it is asked
 * for, a new one each time; what it builds is to be declared as a bean:
 *
 * <pre class="code">
 * &#64;Bean
 * GrpcSecurityPolicy policy(GrpcSecurity grpc) {
 *     return grpc.httpBasic()
 *         .authorizeCalls((calls) -&gt; calls
 *             .service("shop.Orders").hasRole("CLERK")
 *             .method("shop.Orders/List").permitAll()
 *             .anyCall().authenticated())
 *         .build();
 * }
 * </pre>
 *
 * If no way of authentication is named, those are used that the application has beans
 * for: an {@code AuthenticationManager}, an {@code AuthenticationProvider} or a
 * {@code UserDetailsService} for HTTP basic, a {@code JwtDecoder} or an
 * {@code OpaqueTokenIntrospector} for bearer tokens. If there are no rules, every call
 * needs an authenticated caller, and without any way of authentication nobody may call.
 * To be used by one thread.
 */
public final class GrpcSecurity {

	private final BeanFactory beans;

	private final SecurityBeans defaults;

	private final GrpcCallRules rules;

	private final List<Mechanism> mechanisms = new ArrayList<>();

	private @Nullable String bearer;

	/**
	 * Makes a builder.
	 * @param beans where to look for what is not given
	 */
	public GrpcSecurity(BeanFactory beans) {
		this.beans = beans;
		this.defaults = new SecurityBeans(beans);
		this.rules = new GrpcCallRules(this.defaults.authorizationManagers());
	}

	/**
	 * Says who may call what. May be called several times; the rules add up.
	 * @param rules writes rules
	 * @return this
	 */
	public GrpcSecurity authorizeCalls(Consumer<GrpcCallRules> rules) {
		rules.accept(this.rules);
		return this;
	}

	/**
	 * Takes user names and passwords as HTTP's basic authentication has them, and checks
	 * them with beans of the application: an {@code AuthenticationManager}, else its
	 * {@code AuthenticationProvider}s, else a {@code UserDetailsService} with its
	 * {@code PasswordEncoder}.
	 * @return this
	 */
	public GrpcSecurity httpBasic() {
		AuthenticationManager manager = this.defaults.passwords();
		if (manager == null) {
			throw new InvalidGrpcSecurityException(
					"httpBasic() needs something to check passwords with, and there is no such bean.",
					"Declare a UserDetailsService, an AuthenticationProvider or an AuthenticationManager bean.");
		}
		return httpBasic(manager);
	}

	/**
	 * Takes user names and passwords as HTTP's basic authentication has them.
	 * @param manager checks them
	 * @return this
	 */
	public GrpcSecurity httpBasic(AuthenticationManager manager) {
		return add(new Mechanism("HTTP basic", Mechanism.Source.HEADER,
				(call, headers) -> AuthorizationHeader.basic(headers), manager));
	}

	/**
	 * Takes user names and passwords as HTTP's basic authentication has them.
	 * @param provider checks them, such as a {@code DaoAuthenticationProvider}
	 * @return this
	 */
	public GrpcSecurity httpBasic(AuthenticationProvider provider) {
		return httpBasic(new ProviderManager(provider));
	}

	/**
	 * Takes bearer tokens that are JWTs, and checks them with the {@code JwtDecoder}
	 * bean.
	 * @return this
	 */
	public GrpcSecurity jwt() {
		return jwt((jwt) -> {
		});
	}

	/**
	 * Takes bearer tokens that are JWTs.
	 * @param jwt says how they are checked
	 * @return this
	 */
	public GrpcSecurity jwt(Consumer<JwtTokens> jwt) {
		JwtTokens tokens = new JwtTokens(this.beans);
		jwt.accept(tokens);
		return bearer("jwt", tokens.provider());
	}

	/**
	 * Takes bearer tokens that only their issuer can read, and has the
	 * {@code OpaqueTokenIntrospector} bean ask it.
	 * @return this
	 */
	public GrpcSecurity opaqueToken() {
		return opaqueToken((opaque) -> {
		});
	}

	/**
	 * Takes bearer tokens that only their issuer can read.
	 * @param opaque says how they are checked
	 * @return this
	 */
	public GrpcSecurity opaqueToken(Consumer<OpaqueTokens> opaque) {
		OpaqueTokens tokens = new OpaqueTokens(this.beans);
		opaque.accept(tokens);
		return bearer("opaqueToken", tokens.provider());
	}

	private GrpcSecurity bearer(String kind, AuthenticationProvider provider) {
		if (this.bearer != null) {
			throw new InvalidGrpcSecurityException(
					"Bearer tokens are to be checked in two ways: %s() and %s().".formatted(this.bearer, kind),
					"Decide for one, or write a GrpcAuthenticationConverter that tells them apart.");
		}
		this.bearer = kind;
		return add(new Mechanism("bearer " + (kind.equals("jwt") ? "JWT" : "opaque token"), Mechanism.Source.HEADER,
				Bearer::convert, new ProviderManager(provider)));
	}

	/**
	 * Knows clients by the certificates of their connections: whoever has one that TLS
	 * trusts is authenticated, and named by its URI, DNS or e-mail name. A call that has
	 * an {@code authorization} header is known by that, if any way of authentication
	 * reads it.
	 * @return this
	 */
	public GrpcSecurity mutualTls() {
		return mutualTls((certificates) -> {
		});
	}

	/**
	 * Knows clients by the certificates of their connections.
	 * @param certificates says which name is taken, and what it is worth
	 * @return this
	 */
	public GrpcSecurity mutualTls(Consumer<ClientCertificates> certificates) {
		ClientCertificates clients = new ClientCertificates();
		certificates.accept(clients);
		return add(clients.build());
	}

	/**
	 * Takes credentials of another kind. Several kinds are tried in their order, after
	 * the header {@code authorization} and before the certificate.
	 * @param converter finds the credentials
	 * @param manager checks them
	 * @return this
	 */
	public GrpcSecurity authentication(GrpcAuthenticationConverter converter, AuthenticationManager manager) {
		String name = converter.getClass().isHidden() ? "a converter of the application"
				: converter.getClass().getSimpleName();
		return add(new Mechanism(name, Mechanism.Source.CUSTOM, converter, manager));
	}

	/**
	 * Takes credentials of another kind. Several kinds are tried in their order, after
	 * the header {@code authorization} and before the certificate.
	 * @param converter finds the credentials
	 * @param provider checks them
	 * @return this
	 */
	public GrpcSecurity authentication(GrpcAuthenticationConverter converter, AuthenticationProvider provider) {
		return authentication(converter, new ProviderManager(provider));
	}

	private GrpcSecurity add(Mechanism mechanism) {
		this.mechanisms.add(mechanism);
		return this;
	}

	/**
	 * Builds the policy.
	 * @return the policy, to be a bean
	 */
	public GrpcSecurityPolicy build() {
		if (this.mechanisms.isEmpty()) {
			addBeans();
		}
		boolean hasRules = !this.rules.isEmpty();
		if (!hasRules && !this.mechanisms.isEmpty()) {
			this.rules.anyCall().authenticated();
		}
		return new GrpcSecurityPolicy(this.mechanisms, this.rules.build(), hasRules);
	}

	private void addBeans() {
		AuthenticationManager passwords = this.defaults.passwords();
		if (passwords != null) {
			httpBasic(passwords);
		}
		boolean jwt = this.defaults.hasJwtDecoder();
		boolean opaque = this.defaults.hasOpaqueTokenIntrospector();
		if (jwt && opaque) {
			throw new InvalidGrpcSecurityException(
					"There are a JwtDecoder and an OpaqueTokenIntrospector bean, and both would check bearer tokens.",
					"Declare a GrpcSecurityPolicy bean, built by GrpcSecurity with jwt() or with opaqueToken().");
		}
		if (jwt) {
			jwt();
		}
		else if (opaque) {
			opaqueToken();
		}
	}

}
