package io.strand.grpc.security;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.core.convert.converter.Converter;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationConverter;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationProvider;

/**
 * How bearer tokens that are JWTs are checked, and what authorities they give.
 */
public final class JwtTokens {

	private final BeanFactory beans;

	private @Nullable JwtDecoder decoder;

	private @Nullable Converter<Jwt, ? extends AbstractAuthenticationToken> converter;

	JwtTokens(BeanFactory beans) {
		this.beans = beans;
	}

	/**
	 * Decodes and checks tokens. Without it, the bean of that type does, such as Spring
	 * Boot makes of {@code spring.security.oauth2.resourceserver.jwt}.
	 * @param decoder the decoder
	 * @return this
	 */
	public JwtTokens decoder(JwtDecoder decoder) {
		this.decoder = decoder;
		return this;
	}

	/**
	 * Makes the caller of a token. Without it, a {@link JwtAuthenticationConverter} bean
	 * does, or scopes become authorities that begin with {@code SCOPE_}.
	 * @param converter the converter
	 * @return this
	 */
	public JwtTokens authenticationConverter(Converter<Jwt, ? extends AbstractAuthenticationToken> converter) {
		this.converter = converter;
		return this;
	}

	AuthenticationProvider provider() {
		JwtDecoder used = (this.decoder != null) ? this.decoder
				: this.beans.getBeanProvider(JwtDecoder.class).getIfAvailable();
		if (used == null) {
			throw new InvalidGrpcSecurityException("jwt() needs a JwtDecoder, and there is no such bean.",
					"Set spring.security.oauth2.resourceserver.jwt.issuer-uri, declare a JwtDecoder bean,"
							+ " or write jwt((jwt) -> jwt.decoder(…)).");
		}
		JwtAuthenticationProvider provider = new JwtAuthenticationProvider(used);
		Converter<Jwt, ? extends AbstractAuthenticationToken> conversion = (this.converter != null) ? this.converter
				: this.beans.getBeanProvider(JwtAuthenticationConverter.class).getIfAvailable();
		if (conversion != null) {
			provider.setJwtAuthenticationConverter(conversion);
		}
		return provider;
	}

	static boolean isBean(BeanFactory beans) {
		return beans.getBeanProvider(JwtDecoder.class).getIfAvailable() != null;
	}

}
