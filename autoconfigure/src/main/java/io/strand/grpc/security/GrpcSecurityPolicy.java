package io.strand.grpc.security;

import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.strand.grpc.security.Mechanism.Source;
import org.jspecify.annotations.Nullable;

import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authorization.AuthorizationManager;

/**
 * How clients of the server prove who they are, and who may call what. Made by
 * {@link GrpcSecurity}; a bean of this type takes the place of what the server does by
 * itself. Immutable.
 */
public final class GrpcSecurityPolicy {

	private final List<Mechanism> mechanisms;

	private final CallAuthorization rules;

	private final boolean hasRules;

	private final boolean readsAuthorization;

	GrpcSecurityPolicy(List<Mechanism> mechanisms, CallAuthorization rules, boolean hasRules) {
		this.mechanisms = mechanisms.stream().sorted(Comparator.comparing(Mechanism::source)).toList();
		this.rules = rules;
		this.hasRules = hasRules;
		this.readsAuthorization = mechanisms.stream().anyMatch((mechanism) -> mechanism.source() == Source.HEADER);
	}

	/**
	 * Finds the credentials of a call, and how to check them.
	 * @return the claim, or {@code null} if there are no credentials
	 * @throws org.springframework.security.core.AuthenticationException if there are some
	 * that nobody can read
	 */
	@Nullable Claim claim(ServerCall<?, ?> call, Metadata headers) {
		boolean header = this.readsAuthorization && AuthorizationHeader.isPresent(headers);
		for (Mechanism mechanism : this.mechanisms) {
			// Who sends a header does not want to be known by the connection
			if (!header || mechanism.source() != Source.CONNECTION) {
				Claim claim = Claim.of(mechanism, call, headers);
				if (claim != null) {
					return claim;
				}
			}
		}
		if (header) {
			throw new BadCredentialsException("The authorization header is of no scheme that is accepted");
		}
		return null;
	}

	/** Whether it does not matter who calls. */
	boolean isOpen(MethodDescriptor<?, ?> method) {
		return this.rules.isOpen(method);
	}

	AuthorizationManager<ServerCall<?, ?>> rule(MethodDescriptor<?, ?> method) {
		return this.rules.of(method);
	}

	/** Whether there is a way for clients to prove who they are. */
	boolean canAuthenticate() {
		return !this.mechanisms.isEmpty();
	}

	/** Whether somebody wrote rules. */
	boolean hasRules() {
		return this.hasRules;
	}

	Set<String> methods() {
		return new TreeSet<>(this.rules.methods().keySet());
	}

	Set<String> services() {
		return new TreeSet<>(this.rules.services().keySet());
	}

	/** The ways of authentication, in words. */
	String describeMechanisms() {
		return this.mechanisms.stream().map(Mechanism::name).collect(Collectors.joining(", "));
	}

}
