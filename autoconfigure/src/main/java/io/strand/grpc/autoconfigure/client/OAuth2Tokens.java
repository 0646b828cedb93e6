package io.strand.grpc.autoconfigure.client;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.function.Supplier;

import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.credentials.AccessToken;
import io.strand.grpc.client.credentials.TokenSource;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.security.oauth2.client.AuthorizedClientServiceOAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.InMemoryOAuth2AuthorizedClientService;
import org.springframework.security.oauth2.client.OAuth2AuthorizeRequest;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientManager;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientService;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.OAuth2AuthorizationException;
import org.springframework.security.oauth2.core.OAuth2ErrorCodes;
import org.springframework.util.ClassUtils;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.client.HttpClientErrorException;

/**
 * Access tokens that an authorization server gives this application itself, through
 * Spring Security. An {@link AuthorizedClientServiceOAuth2AuthorizedClientManager} of the
 * application's is used; the one that web applications have works within their requests
 * only. Thread-safe.
 */
final class OAuth2Tokens implements TokenSource {

	private static final Log logger = LogFactory.getLog(OAuth2Tokens.class);

	private static final String JACKSON_3 = "tools.jackson.databind.json.JsonMapper";

	private static final String JACKSON_2 = "com.fasterxml.jackson.databind.ObjectMapper";

	/** Whose tokens they are, for the service that keeps them. */
	private static final String PRINCIPAL = "strand.client";

	/** Spring Security too takes a token as expired this long before it is. */
	private static final Duration BEFORE_EXPIRY = Duration.ofMinutes(1);

	/** Answers that will be the same next time. */
	private static final Set<String> REFUSALS = Set.of(OAuth2ErrorCodes.INVALID_REQUEST,
			OAuth2ErrorCodes.INVALID_CLIENT, OAuth2ErrorCodes.INVALID_GRANT, OAuth2ErrorCodes.UNAUTHORIZED_CLIENT,
			OAuth2ErrorCodes.UNSUPPORTED_GRANT_TYPE, OAuth2ErrorCodes.INVALID_SCOPE, OAuth2ErrorCodes.ACCESS_DENIED);

	private final String registration;

	private final Supplier<OAuth2AuthorizedClientService> clients;

	private final Supplier<OAuth2AuthorizedClientManager> manager;

	private OAuth2Tokens(String registration, ClientRegistrationRepository registrations, ListableBeanFactory beans) {
		this.registration = registration;
		this.clients = SingletonSupplier.of(() -> clients(registrations, beans));
		this.manager = SingletonSupplier.of(() -> manager(registrations, beans));
	}

	static TokenSource of(String property, String id, ListableBeanFactory beans, @Nullable ClassLoader loader) {
		ClientRegistrationRepository registrations = beans.getBeanProvider(ClientRegistrationRepository.class)
			.getIfAvailable();
		ClientRegistration registration = (registrations != null) ? registrations.findByRegistrationId(id) : null;
		if (registrations == null || registration == null) {
			throw new ChannelConfigurationException(
					"There is no OAuth 2.0 client registration '%s', which %s names.".formatted(id, property),
					"Define it under spring.security.oauth2.client.registration, or correct the name.");
		}
		if (!AuthorizationGrantType.CLIENT_CREDENTIALS.equals(registration.getAuthorizationGrantType())) {
			throw new ChannelConfigurationException(
					"The OAuth 2.0 client registration '%s', which %s names, is for the grant type %s, which needs a user."
						.formatted(id, property, registration.getAuthorizationGrantType().getValue()),
					"Name one with authorization-grant-type: client_credentials.");
		}
		if (!ClassUtils.isPresent(JACKSON_3, loader) && !ClassUtils.isPresent(JACKSON_2, loader)) {
			logger
				.warn("%s is set, but Jackson is not on the class path: without it Spring Security cannot read how long"
					.formatted(property) + " a token is valid, so that one is fetched for each call. Add"
						+ " org.springframework.boot:spring-boot-starter-jackson");
		}
		return new OAuth2Tokens(id, registrations, beans);
	}

	private static OAuth2AuthorizedClientService clients(ClientRegistrationRepository registrations,
			ListableBeanFactory beans) {
		return beans.getBeanProvider(OAuth2AuthorizedClientService.class)
			.getIfAvailable(() -> new InMemoryOAuth2AuthorizedClientService(registrations));
	}

	private OAuth2AuthorizedClientManager manager(ClientRegistrationRepository registrations,
			ListableBeanFactory beans) {
		AuthorizedClientServiceOAuth2AuthorizedClientManager own = beans
			.getBeanProvider(AuthorizedClientServiceOAuth2AuthorizedClientManager.class)
			.getIfUnique();
		if (own != null) {
			return own;
		}
		return new AuthorizedClientServiceOAuth2AuthorizedClientManager(registrations, this.clients.get());
	}

	@Override
	public AccessToken fetchAnew() throws IOException {
		this.clients.get().removeAuthorizedClient(this.registration, PRINCIPAL);
		return fetch();
	}

	@Override
	public AccessToken fetch() throws IOException {
		try {
			OAuth2AuthorizedClient client = this.manager.get()
				.authorize(OAuth2AuthorizeRequest.withClientRegistrationId(this.registration)
					.principal(PRINCIPAL)
					.build());
			if (client == null) {
				throw new IllegalStateException("Spring Security's OAuth2AuthorizedClientManager does not support"
						+ " client credentials for the registration '%s'".formatted(this.registration));
			}
			OAuth2AccessToken token = client.getAccessToken();
			return new AccessToken(token.getTokenValue(), reusableUntil(token.getExpiresAt()));
		}
		catch (OAuth2AuthorizationException ex) {
			if (isRefusal(ex)) {
				throw ex;
			}
			throw new IOException("The authorization server of the registration '%s' did not answer with a token: %s"
				.formatted(this.registration, ex.getMessage()), ex);
		}
	}

	/** Spring Security reads the error only of answers with the status 400. */
	private static boolean isRefusal(OAuth2AuthorizationException ex) {
		if (REFUSALS.contains(ex.getError().getErrorCode())) {
			return true;
		}
		for (Throwable cause = ex.getCause(); cause != null; cause = cause.getCause()) {
			if (cause instanceof HttpClientErrorException.Unauthorized
					|| cause instanceof HttpClientErrorException.Forbidden) {
				return true;
			}
		}
		return false;
	}

	private static @Nullable Instant reusableUntil(@Nullable Instant expiresAt) {
		return (expiresAt != null) ? expiresAt.minus(BEFORE_EXPIRY) : null;
	}

}
