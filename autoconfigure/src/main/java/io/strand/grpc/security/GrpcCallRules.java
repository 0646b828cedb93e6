package io.strand.grpc.security;

import java.util.HashMap;
import java.util.Map;

import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

import org.springframework.security.authorization.AuthorizationManager;
import org.springframework.security.authorization.AuthorizationManagerFactory;

/**
 * Who may call what. The rule of a method goes before that of its service, which goes
 * before that of {@link #anyCall()}; in which order they are written does not matter. A
 * call that no rule is for is denied, but for {@code grpc.health.v1.Health}: it is open
 * unless a rule names it, and then nobody looks who calls. With such a rule, set
 * {@code strand.server.services[grpc.health.v1.Health].threading} to {@code auto}: health
 * checks run on the event loop, where authentication may not wait.
 *
 * <p>
 * All names are checked against what is served when the application starts, but for those
 * of gRPC's own services, which come and go with properties.
 */
public final class GrpcCallRules {

	static final String HEALTH = "grpc.health.v1.Health";

	private final AuthorizationManagerFactory<Object> managers;

	private final Map<String, AuthorizationManager<ServerCall<?, ?>>> methods = new HashMap<>();

	private final Map<String, AuthorizationManager<ServerCall<?, ?>>> services = new HashMap<>();

	private @Nullable AuthorizationManager<ServerCall<?, ?>> anyCall;

	GrpcCallRules(AuthorizationManagerFactory<Object> managers) {
		this.managers = managers;
	}

	/**
	 * Begins a rule for all methods of a service that have none of their own.
	 * @param name the full proto name of the service, such as {@code shop.Orders}
	 * @return the rule, to be ended
	 */
	public Rule service(String name) {
		if (name.indexOf('/') >= 0) {
			throw new InvalidGrpcSecurityException("service(\"%s\") names no service but a method.".formatted(name),
					"Write method(\"%s\").".formatted(name));
		}
		return new Rule((manager) -> put(this.services, "service", name, manager));
	}

	/**
	 * Begins a rule for a method.
	 * @param fullName its full name, such as {@code shop.Orders/Place}
	 * @return the rule, to be ended
	 */
	public Rule method(String fullName) {
		if (fullName.indexOf('/') < 0) {
			throw new InvalidGrpcSecurityException("method(\"%s\") names no method.".formatted(fullName),
					"Write the service and the method, as in method(\"shop.Orders/Place\").");
		}
		return new Rule((manager) -> put(this.methods, "method", fullName, manager));
	}

	/**
	 * Begins a rule for a method.
	 * @param method its descriptor, such as {@code OrdersGrpc.getPlaceMethod()}
	 * @return the rule, to be ended
	 */
	public Rule method(MethodDescriptor<?, ?> method) {
		return method(method.getFullMethodName());
	}

	/**
	 * Begins the rule for all calls that no other rule is for.
	 * @return the rule, to be ended
	 */
	public Rule anyCall() {
		return new Rule((manager) -> {
			if (this.anyCall != null) {
				throw new InvalidGrpcSecurityException("There are two rules for anyCall().", "Remove one of them.");
			}
			this.anyCall = manager;
		});
	}

	private static void put(Map<String, AuthorizationManager<ServerCall<?, ?>>> rules, String kind, String name,
			AuthorizationManager<ServerCall<?, ?>> manager) {
		if (rules.putIfAbsent(name, manager) != null) {
			throw new InvalidGrpcSecurityException("There are two rules for %s(\"%s\").".formatted(kind, name),
					"Remove one of them.");
		}
	}

	boolean isEmpty() {
		return this.methods.isEmpty() && this.services.isEmpty() && this.anyCall == null;
	}

	CallAuthorization build() {
		AuthorizationManager<ServerCall<?, ?>> rest = this.anyCall;
		boolean named = this.services.containsKey(HEALTH)
				|| this.methods.keySet().stream().anyMatch((method) -> method.startsWith(HEALTH + "/"));
		return new CallAuthorization(Map.copyOf(this.methods), Map.copyOf(this.services),
				(rest != null) ? rest : cast(this.managers.denyAll()), !named);
	}

	private static AuthorizationManager<ServerCall<?, ?>> cast(AuthorizationManager<Object> manager) {
		return manager::authorize;
	}

	/**
	 * What a rule asks of the caller.
	 */
	public final class Rule {

		private final RuleEnd end;

		private Rule(RuleEnd end) {
			this.end = end;
		}

		private GrpcCallRules end(AuthorizationManager<Object> manager) {
			this.end.with(cast(manager));
			return GrpcCallRules.this;
		}

		/**
		 * Lets everybody call, also who has not said who they are. Credentials that are
		 * wrong are refused all the same.
		 * @return the rules
		 */
		public GrpcCallRules permitAll() {
			return end(GrpcCallRules.this.managers.permitAll());
		}

		/**
		 * Lets nobody call.
		 * @return the rules
		 */
		public GrpcCallRules denyAll() {
			return end(GrpcCallRules.this.managers.denyAll());
		}

		/**
		 * Lets everybody call who has proved who they are.
		 * @return the rules
		 */
		public GrpcCallRules authenticated() {
			return end(GrpcCallRules.this.managers.authenticated());
		}

		/**
		 * Lets those call who have a role.
		 * @param role the role, without {@code ROLE_}
		 * @return the rules
		 */
		public GrpcCallRules hasRole(String role) {
			return end(GrpcCallRules.this.managers.hasRole(role));
		}

		/**
		 * Lets those call who have one of several roles.
		 * @param roles the roles, without {@code ROLE_}
		 * @return the rules
		 */
		public GrpcCallRules hasAnyRole(String... roles) {
			return end(GrpcCallRules.this.managers.hasAnyRole(roles));
		}

		/**
		 * Lets those call who have an authority.
		 * @param authority the authority, such as {@code SCOPE_orders} of a token
		 * @return the rules
		 */
		public GrpcCallRules hasAuthority(String authority) {
			return end(GrpcCallRules.this.managers.hasAuthority(authority));
		}

		/**
		 * Lets those call who have one of several authorities.
		 * @param authorities the authorities
		 * @return the rules
		 */
		public GrpcCallRules hasAnyAuthority(String... authorities) {
			return end(GrpcCallRules.this.managers.hasAnyAuthority(authorities));
		}

		/**
		 * Leaves the decision to a manager, which is asked on the thread of the call and
		 * may look at its headers and its peer, but not at its messages.
		 * @param manager decides
		 * @return the rules
		 */
		public GrpcCallRules access(AuthorizationManager<? super GrpcCall> manager) {
			this.end.with((authentication, call) -> manager.authorize(authentication, GrpcCall.of(call)));
			return GrpcCallRules.this;
		}

	}

	private interface RuleEnd {

		void with(AuthorizationManager<ServerCall<?, ?>> manager);

	}

}
