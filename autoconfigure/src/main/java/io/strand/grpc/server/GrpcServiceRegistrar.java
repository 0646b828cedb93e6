package io.strand.grpc.server;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.grpc.BindableService;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.ServiceDecorator;
import org.jspecify.annotations.Nullable;

import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;

/**
 * Collects the services of an application: beans with {@link GrpcService}, and any other
 * {@link BindableService} bean if those are served too. Each is wrapped in the global
 * interceptors that it does not opt out of, then in its own.
 */
public final class GrpcServiceRegistrar {

	private static final String SCOPED_TARGET = ScopedProxyUtils.getTargetBeanName("");

	private final ConfigurableListableBeanFactory beans;

	private final List<ServerInterceptor> globalInterceptors;

	private final boolean serveAllBindableServices;

	private final CallEngine engine;

	private final HandlerSettingsResolver handlerSettings;

	private final PlainServices plainServices;

	private final BaseClassServices baseClassServices;

	private final ServiceScopes scopes;

	private final List<ServiceDecorator> decorators;

	private final List<StandardServices> standardServices;

	/**
	 * Makes a registrar.
	 * @param beans where the services are
	 * @param globalInterceptors interceptors of all services, outermost first
	 * @param serveAllBindableServices whether to serve beans without {@link GrpcService}
	 * @param engine what runs the calls
	 * @param handlerSettings how they are run
	 * @param decorators what wraps the handlers, outermost first
	 * @param standardServices what is served beside the application's services
	 */
	public GrpcServiceRegistrar(ConfigurableListableBeanFactory beans, List<ServerInterceptor> globalInterceptors,
			boolean serveAllBindableServices, CallEngine engine, HandlerSettingsResolver handlerSettings,
			List<ServiceDecorator> decorators, List<StandardServices> standardServices) {
		this.beans = beans;
		this.globalInterceptors = List.copyOf(globalInterceptors);
		this.serveAllBindableServices = serveAllBindableServices;
		this.engine = engine;
		this.handlerSettings = handlerSettings;
		TargetTypes types = new TargetTypes(beans);
		this.plainServices = new PlainServices(beans, types, handlerSettings);
		this.baseClassServices = new BaseClassServices(types);
		this.scopes = new ServiceScopes(beans);
		this.decorators = List.copyOf(decorators);
		this.standardServices = List.copyOf(standardServices);
	}

	/**
	 * Makes the definitions of all services.
	 * @return the definitions, ready to be added to a server
	 * @throws InvalidGrpcServiceException if a bean is no service, has no methods, or
	 * serves a proto service that another bean serves, if its methods do not fit, or if
	 * calls cannot use it in its scope or come to its proxy; with all such beans
	 */
	public List<ServerServiceDefinition> getServices() {
		Map<String, String> beanNamesByService = new LinkedHashMap<>();
		List<ServerServiceDefinition> services = new ArrayList<>();
		List<InvalidGrpcServiceException> invalid = new ArrayList<>();
		for (String beanName : beanNames()) {
			try {
				services.add(bind(beanName, beanNamesByService));
			}
			catch (InvalidGrpcServiceException ex) {
				invalid.add(ex);
			}
		}
		if (!invalid.isEmpty()) {
			throw InvalidGrpcServiceException.of(invalid);
		}
		this.standardServices.forEach((standard) -> addStandard(standard, beanNamesByService.keySet(), services));
		this.decorators.forEach(ServiceDecorator::check);
		this.handlerSettings.checkNames(services);
		return services;
	}

	/**
	 * The application's own service of that name wins, and what was added before.
	 */
	private void addStandard(StandardServices standard, Set<String> ofTheApplication,
			List<ServerServiceDefinition> services) {
		for (ServerServiceDefinition definition : standard.definitions()) {
			String name = definition.getServiceDescriptor().getName();
			if (!ofTheApplication.contains(name)
					&& services.stream().noneMatch((added) -> added.getServiceDescriptor().getName().equals(name))) {
				this.handlerSettings.declareStandard(name, standard.threading());
				services
					.add(ServerInterceptors.interceptForward(this.engine.prepare(definition), this.globalInterceptors));
			}
		}
	}

	private List<String> beanNames() {
		List<String> names = new ArrayList<>(Arrays.asList(this.beans.getBeanNamesForAnnotation(GrpcService.class)));
		if (this.serveAllBindableServices) {
			names.addAll(Arrays.asList(this.beans.getBeanNamesForType(BindableService.class)));
		}
		return names.stream().map(GrpcServiceRegistrar::withoutScopedTarget).distinct().toList();
	}

	/**
	 * The proxy of a scoped bean is the service; its target is reached through it.
	 */
	private static String withoutScopedTarget(String name) {
		return ScopedProxyUtils.isScopedTarget(name) ? name.substring(SCOPED_TARGET.length()) : name;
	}

	private ServerServiceDefinition bind(String beanName, Map<String, String> beanNamesByService) {
		ServerServiceDefinition service = bind(beanName);
		String name = service.getServiceDescriptor().getName();
		String other = beanNamesByService.putIfAbsent(name, beanName);
		if (other != null) {
			throw new InvalidGrpcServiceException(
					"Two beans serve the proto service '%s': '%s' (%s) and '%s' (%s).".formatted(name, other,
							origin(other), beanName, origin(beanName)),
					"Remove one of them, or keep it from being a bean.");
		}
		return service;
	}

	private ServerServiceDefinition bind(String beanName) {
		this.scopes.check(beanName, origin(beanName));
		GrpcService annotation = annotation(beanName);
		ServerServiceDefinition service = definition(beanName, annotation);
		if (service.getMethods().isEmpty()) {
			throw new InvalidGrpcServiceException(
					"The proto service '%s' of bean '%s' (%s) has no methods."
						.formatted(service.getServiceDescriptor().getName(), beanName, origin(beanName)),
					"Add an rpc to the service in its .proto file, or remove the bean.");
		}
		return ServerInterceptors.interceptForward(this.engine.prepare(decorate(beanName, service)),
				interceptors(annotation));
	}

	private ServerServiceDefinition decorate(String beanName, ServerServiceDefinition service) {
		Object bean = this.beans.getBean(beanName);
		ServerServiceDefinition decorated = service;
		for (int i = this.decorators.size() - 1; i >= 0; i--) {
			decorated = this.decorators.get(i).decorate(beanName, bean, decorated);
		}
		// Not before: a decorator may know what such a handler lacks then
		this.baseClassServices.refuseFinalHandlers(beanName, bean);
		return decorated;
	}

	private ServerServiceDefinition definition(String beanName, @Nullable GrpcService annotation) {
		Object bean = this.beans.getBean(beanName);
		Class<?> generated = (annotation != null) ? annotation.value() : void.class;
		if (bean instanceof BindableService bindable) {
			if (generated != void.class) {
				throw new InvalidGrpcServiceException(
						"Bean '%s' (%s) has @GrpcService(%s.class) and extends a generated base class."
							.formatted(beanName, origin(beanName), generated.getSimpleName()),
						"Remove the class from the annotation, or write plain methods and remove the base class.");
			}
			ServerServiceDefinition service = this.baseClassServices.bind(beanName, bindable);
			if (annotation != null) {
				this.handlerSettings.declare(service.getServiceDescriptor().getName(), annotation.threading());
			}
			return service;
		}
		if (annotation == null || generated == void.class) {
			throw new InvalidGrpcServiceException(
					"Bean '%s' (%s) has @GrpcService but is not a gRPC service.".formatted(beanName, origin(beanName)),
					"Let it extend the generated …ImplBase of its proto service."
							+ " Or write plain methods and name the generated class: @GrpcService(StockGrpc.class).");
		}
		return this.plainServices.bind(beanName, bean, annotation);
	}

	private List<ServerInterceptor> interceptors(@Nullable GrpcService annotation) {
		if (annotation == null) {
			return this.globalInterceptors;
		}
		List<ServerInterceptor> interceptors = new ArrayList<>(this.globalInterceptors);
		for (Class<? extends ServerInterceptor> excluded : annotation.excludedInterceptors()) {
			interceptors.removeIf(excluded::isInstance);
		}
		for (Class<? extends ServerInterceptor> type : annotation.interceptors()) {
			ServerInterceptor bean = this.beans.getBeanProvider(type).getIfAvailable();
			interceptors.add((bean != null) ? bean : this.beans.createBean(type));
		}
		for (String name : annotation.interceptorNames()) {
			interceptors.add(this.beans.getBean(name, ServerInterceptor.class));
		}
		return interceptors;
	}

	private @Nullable GrpcService annotation(String beanName) {
		String target = SCOPED_TARGET + beanName;
		GrpcService annotation = this.beans.findAnnotationOnBean(beanName, GrpcService.class);
		// That on a @Bean method is seen on the target only
		return (annotation == null && this.beans.containsBean(target))
				? this.beans.findAnnotationOnBean(target, GrpcService.class) : annotation;
	}

	private String origin(String beanName) {
		@Nullable String description = this.beans.containsBeanDefinition(beanName)
				? this.beans.getMergedBeanDefinition(beanName).getResourceDescription() : null;
		@Nullable Class<?> type = this.beans.getType(beanName);
		String typeName = (type != null) ? type.getName() : "unknown type";
		return (description != null) ? description : typeName;
	}

}
