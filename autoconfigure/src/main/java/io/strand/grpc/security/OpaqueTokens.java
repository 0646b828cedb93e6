package io.strand.grpc.security;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.oauth2.server.resource.authentication.OpaqueTokenAuthenticationProvider;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenAuthenticationConverter;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;

/**
 * How bearer tokens that only their issuer can read are checked.
 */
public final class OpaqueTokens {

	private final BeanFactory beans;

	private @Nullable OpaqueTokenIntrospector introspector;

	private @Nullable OpaqueTokenAuthenticationConverter converter;

	OpaqueTokens(BeanFactory beans) {
		this.beans = beans;
	}

	/**
	 * Asks the issuer. Without it, the bean of that type does, such as Spring Boot makes
	 * of {@code spring.security.oauth2.resourceserver.opaquetoken}.
	 * @param introspector the introspector
	 * @return this
	 */
	public OpaqueTokens introspector(OpaqueTokenIntrospector introspector) {
		this.introspector = introspector;
		return this;
	}

	/**
	 * Makes the caller of what the issuer has said. Without it, the bean of that type
	 * does, or scopes become authorities that begin with {@code SCOPE_}.
	 * @param converter the converter
	 * @return this
	 */
	public OpaqueTokens authenticationConverter(OpaqueTokenAuthenticationConverter converter) {
		this.converter = converter;
		return this;
	}

	AuthenticationProvider provider() {
		OpaqueTokenIntrospector used = (this.introspector != null) ? this.introspector
				: this.beans.getBeanProvider(OpaqueTokenIntrospector.class).getIfAvailable();
		if (used == null) {
			throw new InvalidGrpcSecurityException(
					"opaqueToken() needs an OpaqueTokenIntrospector, and there is no such bean.",
					"Set spring.security.oauth2.resourceserver.opaquetoken.introspection-uri, declare an"
							+ " OpaqueTokenIntrospector bean, or write opaqueToken((opaque) -> opaque.introspector(…)).");
		}
		OpaqueTokenAuthenticationProvider provider = new OpaqueTokenAuthenticationProvider(used);
		OpaqueTokenAuthenticationConverter conversion = (this.converter != null) ? this.converter
				: this.beans.getBeanProvider(OpaqueTokenAuthenticationConverter.class).getIfAvailable();
		if (conversion != null) {
			provider.setAuthenticationConverter(conversion);
		}
		return provider;
	}

	static boolean isBean(BeanFactory beans) {
		return beans.getBeanProvider(OpaqueTokenIntrospector.class).getIfAvailable() != null;
	}

}
