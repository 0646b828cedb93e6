package io.strand.grpc.security;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.NoUniqueBeanDefinitionException;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.ResolvableType;
import org.springframework.security.access.hierarchicalroles.RoleHierarchy;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.authentication.dao.DaoAuthenticationProvider;
import org.springframework.security.authorization.AuthorizationManagerFactory;
import org.springframework.security.authorization.DefaultAuthorizationManagerFactory;
import org.springframework.security.config.core.GrantedAuthorityDefaults;
import org.springframework.security.core.userdetails.UserDetailsPasswordService;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.util.ClassUtils;

/**
 * What an application has for its security, apart from that of the server.
 *
 * @param beans where it is
 */
record SecurityBeans(BeanFactory beans) {

	/**
	 * What checks user names and passwords.
	 * @return a manager, or {@code null} if there is nothing
	 */
	@Nullable AuthenticationManager passwords() {
		AuthenticationManager manager = available(AuthenticationManager.class);
		if (manager != null) {
			return manager;
		}
		List<AuthenticationProvider> providers = this.beans.getBeanProvider(AuthenticationProvider.class)
			.orderedStream()
			.filter((provider) -> provider.supports(UsernamePasswordAuthenticationToken.class))
			.toList();
		if (!providers.isEmpty()) {
			return new ProviderManager(providers);
		}
		UserDetailsService users = available(UserDetailsService.class);
		return (users != null) ? new ProviderManager(passwordsOf(users)) : null;
	}

	private AuthenticationProvider passwordsOf(UserDetailsService users) {
		DaoAuthenticationProvider provider = new DaoAuthenticationProvider(users);
		PasswordEncoder encoder = available(PasswordEncoder.class);
		if (encoder != null) {
			provider.setPasswordEncoder(encoder);
		}
		UserDetailsPasswordService upgrades = available(UserDetailsPasswordService.class);
		if (upgrades != null) {
			provider.setUserDetailsPasswordService(upgrades);
		}
		return provider;
	}

	boolean hasJwtDecoder() {
		return isPresent("org.springframework.security.oauth2.jwt.JwtDecoder") && hasResourceServer()
				&& JwtTokens.isBean(this.beans);
	}

	boolean hasOpaqueTokenIntrospector() {
		return hasResourceServer() && OpaqueTokens.isBean(this.beans);
	}

	private boolean hasResourceServer() {
		return isPresent(
				"org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken");
	}

	private static boolean isPresent(String type) {
		return ClassUtils.isPresent(type, SecurityBeans.class.getClassLoader());
	}

	/**
	 * What makes rules of roles and authorities.
	 * @return the application's own, or one that knows its hierarchy and prefix of roles
	 */
	AuthorizationManagerFactory<Object> authorizationManagers() {
		ObjectProvider<AuthorizationManagerFactory<Object>> own = this.beans
			.getBeanProvider(ResolvableType.forClassWithGenerics(AuthorizationManagerFactory.class, Object.class));
		AuthorizationManagerFactory<Object> factory = own.getIfUnique();
		if (factory != null) {
			return factory;
		}
		DefaultAuthorizationManagerFactory<Object> made = new DefaultAuthorizationManagerFactory<>();
		RoleHierarchy roles = available(RoleHierarchy.class);
		if (roles != null) {
			made.setRoleHierarchy(roles);
		}
		if (isPresent("org.springframework.security.config.core.GrantedAuthorityDefaults")) {
			RolePrefix.set(made, this.beans);
		}
		return made;
	}

	private <T> @Nullable T available(Class<T> type) {
		try {
			return this.beans.getBeanProvider(type).getIfAvailable();
		}
		catch (NoUniqueBeanDefinitionException ex) {
			throw new InvalidGrpcSecurityException(
					"There are several beans of type %s: %s.".formatted(type.getSimpleName(), ex.getBeanNamesFound()),
					"Mark one of them @Primary, or declare a GrpcSecurityPolicy bean that is told which to use, such as by"
							+ " GrpcSecurity.httpBasic(…).");
		}
	}

	/**
	 * Loaded only where Spring Security's configuration is there.
	 */
	private static final class RolePrefix {

		static void set(DefaultAuthorizationManagerFactory<Object> factory, BeanFactory beans) {
			GrantedAuthorityDefaults defaults = beans.getBeanProvider(GrantedAuthorityDefaults.class).getIfAvailable();
			if (defaults != null) {
				factory.setRolePrefix(defaults.getRolePrefix());
			}
		}

	}

}
