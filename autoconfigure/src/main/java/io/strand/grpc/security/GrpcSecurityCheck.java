package io.strand.grpc.security;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.NearestName;
import io.strand.grpc.service.ServiceDecorator;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.ListableBeanFactory;

/**
 * Compares the rules with what is served when the application starts: refuses names that
 * nothing has, and services that are open by mistake, and says in one line of the log
 * what callers must do. Confined to the thread that starts the server.
 */
public final class GrpcSecurityCheck implements ServiceDecorator {

	private static final Log logger = LogFactory.getLog(GrpcSecurityCheck.class);

	/** Services of gRPC's own, which come and go with properties. */
	private static final Set<String> STANDARD = Set.of(GrpcCallRules.HEALTH, "grpc.reflection.v1.ServerReflection",
			"grpc.reflection.v1alpha.ServerReflection", "grpc.channelz.v1.Channelz",
			"envoy.service.status.v3.ClientStatusDiscoveryService");

	private final @Nullable GrpcSecurityPolicy policy;

	private final boolean enabled;

	private final ListableBeanFactory beans;

	private final AnnotatedHandlers annotations = new AnnotatedHandlers();

	private final Set<String> services = new TreeSet<>();

	private final Set<String> methods = new TreeSet<>();

	private final Set<String> open = new TreeSet<>();

	/**
	 * Makes a check.
	 * @param policy the rules, if there are any
	 * @param enabled whether they are applied
	 * @param beans where the services are
	 */
	public GrpcSecurityCheck(@Nullable GrpcSecurityPolicy policy, boolean enabled, ListableBeanFactory beans) {
		this.policy = policy;
		this.enabled = enabled;
		this.beans = beans;
	}

	@Override
	public ServerServiceDefinition decorate(String beanName, Object bean, ServerServiceDefinition service) {
		String name = service.getServiceDescriptor().getName();
		this.services.add(name);
		service.getMethods()
			.stream()
			.map(ServerMethodDefinition::getMethodDescriptor)
			.map(MethodDescriptor::getFullMethodName)
			.forEach(this.methods::add);
		GrpcService annotation = annotation(beanName);
		if (annotation != null && this.enabled) {
			checkExclusions(beanName, name, List.of(annotation.excludedInterceptors()));
		}
		this.annotations.check(beanName, bean);
		return service;
	}

	private @Nullable GrpcService annotation(String beanName) {
		GrpcService annotation = this.beans.findAnnotationOnBean(beanName, GrpcService.class);
		String target = ScopedProxyUtils.getTargetBeanName(beanName);
		return (annotation == null && this.beans.containsBean(target))
				? this.beans.findAnnotationOnBean(target, GrpcService.class) : annotation;
	}

	private void checkExclusions(String beanName, String service, List<Class<?>> excluded) {
		if (excluded.contains(GrpcSecurityInterceptor.class)) {
			this.open.add(service);
			return;
		}
		for (Class<?> type : excluded) {
			if (type.isAssignableFrom(GrpcSecurityInterceptor.class)) {
				throw new InvalidGrpcSecurityException(
						"Bean '%s' opts out of all interceptors that are a %s, and so out of security: everybody could call %s."
							.formatted(beanName, type.getSimpleName(), service),
						"Name the interceptors that the service is to be without. If it is to be open, add"
								+ " GrpcSecurityInterceptor.class to its excludedInterceptors.");
			}
		}
	}

	@Override
	public void check() {
		GrpcSecurityPolicy rules = this.policy;
		if (rules == null) {
			return;
		}
		checkNames(rules);
		if (this.enabled) {
			log(rules);
		}
		else {
			logger.warn("The GrpcSecurityPolicy bean is not applied: strand.server.security.enabled is false, and"
					+ " everybody may call whatever annotations of methods do not forbid.");
		}
	}

	private void checkNames(GrpcSecurityPolicy rules) {
		List<String> unknown = new ArrayList<>();
		unknown("service", rules.services(), this.services, unknown);
		unknown("method", rules.methods(), this.methods, unknown);
		if (!unknown.isEmpty()) {
			throw new InvalidGrpcSecurityException("Rules of the GrpcSecurityPolicy are for what is not served: %s."
				.formatted(String.join("; ", unknown)), "Correct the names in authorizeCalls, or remove the rules.");
		}
	}

	private static void unknown(String kind, Collection<String> named, Collection<String> served,
			List<String> unknown) {
		Set<String> known = new TreeSet<>(served);
		known.addAll(STANDARD);
		for (String name : named) {
			if (!served.contains(name) && !STANDARD.contains(name.split("/")[0])) {
				String nearest = NearestName.of(name, known);
				unknown.add("%s(\"%s\")%s".formatted(kind, name,
						(nearest != null) ? ", did you mean \"%s\"?".formatted(nearest) : ""));
			}
		}
	}

	private void log(GrpcSecurityPolicy rules) {
		String except = this.open.isEmpty() ? ""
				: ". Open to everybody, as they opt out: " + String.join(", ", this.open);
		if (!rules.canAuthenticate() && !rules.hasRules()) {
			logger.warn("Spring Security is on the class path, and nothing says who may call: every gRPC call is denied"
					+ " but health checks%s. Declare a GrpcSecurityPolicy bean, built by GrpcSecurity; or a bean to"
						.formatted(except)
					+ " authenticate with, such as a UserDetailsService or a JwtDecoder, to let in whoever is"
					+ " authenticated; or open the server to everybody with strand.server.security.enabled=false.");
		}
		else {
			String who = rules.canAuthenticate() ? "authenticated by " + rules.describeMechanisms()
					: "not authenticated by anything";
			String may = rules.hasRules() ? "rules of the GrpcSecurityPolicy say who may call"
					: "whoever is authenticated may call, unless annotations of methods say otherwise";
			logger.info("gRPC calls are %s; %s%s".formatted(who, may, except));
		}
	}

}
