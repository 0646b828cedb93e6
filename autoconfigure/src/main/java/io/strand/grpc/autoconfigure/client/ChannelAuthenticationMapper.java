package io.strand.grpc.autoconfigure.client;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import io.grpc.CallCredentials;
import io.strand.grpc.client.ChannelConfigurationException;
import io.strand.grpc.client.credentials.AuthorizationCredentials;
import io.strand.grpc.client.credentials.ChannelAuthentication;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.util.ClassUtils;

/**
 * Turns the authentication properties of a channel into credentials. Touches Spring
 * Security only where a property asks for it.
 */
class ChannelAuthenticationMapper {

	private static final String OAUTH2_CLIENT = "org.springframework.security.oauth2.client.OAuth2AuthorizedClientManager";

	private static final String OAUTH2_TOKEN = "org.springframework.security.oauth2.core.OAuth2Token";

	private final ListableBeanFactory beans;

	ChannelAuthenticationMapper(ListableBeanFactory beans) {
		this.beans = beans;
	}

	ChannelAuthentication map(String channelPrefix, AuthenticationProperties properties) {
		String prefix = channelPrefix + ".authentication";
		List<String> kinds = kinds(prefix, properties);
		if (kinds.size() > 1) {
			throw new ChannelConfigurationException(
					"%s are set, but a channel has credentials of one kind.".formatted(String.join(" and ", kinds)),
					"Keep one of them.");
		}
		ChannelAuthentication authentication = ChannelAuthentication.UNSET;
		if (Boolean.FALSE.equals(properties.getEnabled())) {
			if (!kinds.isEmpty()) {
				throw new ChannelConfigurationException(
						"%s is set, but %s.enabled is false.".formatted(kinds.get(0), prefix), "Remove one of them.");
			}
			authentication = ChannelAuthentication.none();
		}
		else if (!kinds.isEmpty()) {
			authentication = authentication(prefix, properties);
		}
		else if (Boolean.TRUE.equals(properties.getEnabled())) {
			throw new ChannelConfigurationException(
					"%s.enabled is true, but there are no credentials.".formatted(prefix),
					"Set %s.username and password, token, token-file, oauth2-registration or token-relay, or remove it."
						.formatted(prefix));
		}
		return authentication.allowPlaintext(properties.getAllowPlaintext());
	}

	private static List<String> kinds(String prefix, AuthenticationProperties properties) {
		List<String> kinds = new ArrayList<>();
		addIf(properties.getUsername() != null || properties.getPassword() != null, prefix + ".username", kinds);
		addIf(properties.getToken() != null, prefix + ".token", kinds);
		addIf(properties.getTokenFile() != null, prefix + ".token-file", kinds);
		addIf(properties.getOauth2Registration() != null, prefix + ".oauth2-registration", kinds);
		addIf(Boolean.TRUE.equals(properties.getTokenRelay()), prefix + ".token-relay", kinds);
		return kinds;
	}

	private static void addIf(boolean set, String property, List<String> kinds) {
		if (set) {
			kinds.add(property);
		}
	}

	private ChannelAuthentication authentication(String prefix, AuthenticationProperties properties) {
		if (properties.getToken() != null) {
			return ChannelAuthentication.of(token(prefix + ".token", properties.getToken()));
		}
		if (properties.getTokenFile() != null) {
			return ChannelAuthentication.of(tokenFile(prefix + ".token-file", properties.getTokenFile()));
		}
		if (properties.getOauth2Registration() != null) {
			String property = prefix + ".oauth2-registration";
			require(property, OAUTH2_CLIENT, "spring-boot-starter-security-oauth2-client");
			return ChannelAuthentication.of(AuthorizationCredentials
				.bearer(OAuth2Tokens.of(property, properties.getOauth2Registration(), this.beans, classLoader())));
		}
		if (Boolean.TRUE.equals(properties.getTokenRelay())) {
			require(prefix + ".token-relay", OAUTH2_TOKEN, "spring-boot-starter-security-oauth2-resource-server");
			return ChannelAuthentication.of(new RelayedToken());
		}
		return ChannelAuthentication.of(basic(prefix, properties.getUsername(), properties.getPassword()));
	}

	private static CallCredentials basic(String prefix, @Nullable String username, @Nullable String password) {
		if (username == null || password == null) {
			throw new ChannelConfigurationException("%s.%s is set, but %s is not.".formatted(prefix,
					(username != null) ? "username" : "password", (username != null) ? "password" : "username"),
					"Set both or none.");
		}
		try {
			return AuthorizationCredentials.basic(username, password);
		}
		catch (IllegalArgumentException ex) {
			throw invalid(prefix + ".username with " + prefix + ".password", ex);
		}
	}

	private static CallCredentials token(String property, String token) {
		if (token.toLowerCase(Locale.ROOT).startsWith("bearer ")) {
			throw new ChannelConfigurationException("The value of %s begins with 'Bearer'.".formatted(property),
					"Leave the word out: it is added to the token.");
		}
		try {
			return AuthorizationCredentials.bearer(token);
		}
		catch (IllegalArgumentException ex) {
			throw invalid(property, ex);
		}
	}

	private static CallCredentials tokenFile(String property, Path file) {
		try {
			AuthorizationCredentials.read(file);
		}
		catch (IOException ex) {
			throw new ChannelConfigurationException(
					"The file '%s' that %s names cannot be read: %s.".formatted(file, property, ex),
					"Correct its name or its permissions, or create it before the application starts.");
		}
		catch (IllegalArgumentException ex) {
			throw invalid("the file '%s' that %s names".formatted(file, property), ex);
		}
		return AuthorizationCredentials.bearer(file);
	}

	private static ChannelConfigurationException invalid(String property, IllegalArgumentException ex) {
		return new ChannelConfigurationException(
				"The value of %s is not valid. %s".formatted(property, ex.getMessage()), "Correct it.");
	}

	private void require(String property, String className, String starter) {
		if (!ClassUtils.isPresent(className, classLoader())) {
			throw new ChannelConfigurationException(
					"%s needs Spring Security's OAuth 2.0 support, which is not on the class path.".formatted(property),
					"Add org.springframework.boot:%s, or remove the property.".formatted(starter));
		}
	}

	private @Nullable ClassLoader classLoader() {
		return (this.beans instanceof ConfigurableBeanFactory factory) ? factory.getBeanClassLoader() : null;
	}

}
