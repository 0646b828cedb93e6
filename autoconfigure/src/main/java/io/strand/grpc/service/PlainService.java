package io.strand.grpc.service;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import io.grpc.MethodDescriptor;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import org.jspecify.annotations.Nullable;

import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.scheduling.annotation.Async;
import org.springframework.util.StringUtils;

/**
 * A proto service whose rpcs are answered by the methods of a bean. Finds the method of
 * each rpc, and all mistakes that a user can make with that at once.
 */
public final class PlainService {

	private final Object bean;

	private final Class<?> type;

	private final MethodArguments arguments;

	private final ProtoService service;

	private final List<String> mistakes = new ArrayList<>();

	private final Map<Rpc, BeanMethod> methods = new LinkedHashMap<>();

	private final Map<Rpc, ServerCallHandler<Object, Object>> handlers = new LinkedHashMap<>();

	private final StreamConstraints constraints;

	private PlainService(Object bean, Class<?> type, MethodArguments arguments, StreamValidation validation,
			ProtoService service) {
		this.bean = bean;
		this.type = type;
		this.arguments = arguments;
		this.service = service;
		this.constraints = new StreamConstraints(validation, this.mistakes);
	}

	/**
	 * Matches the methods of a bean to the rpcs of a service, where nothing validates.
	 * @param bean the bean, or the proxy through which it is called
	 * @param type the class of the bean itself
	 * @param generated the class that was generated for the proto service
	 * @param resolvers provide parameters that are no messages
	 * @return the service with its mistakes, or {@code null} if the class is not
	 * generated
	 */
	public static @Nullable PlainService of(Object bean, Class<?> type, Class<?> generated,
			List<GrpcMethodArgumentResolver> resolvers) {
		return of(bean, type, generated, resolvers, StreamValidation.NONE);
	}

	/**
	 * Matches the methods of a bean to the rpcs of a service.
	 * @param bean the bean, or the proxy through which it is called
	 * @param type the class of the bean itself
	 * @param generated the class that was generated for the proto service
	 * @param resolvers provide parameters that are no messages
	 * @param validation validates what methods receive on streams
	 * @return the service with its mistakes, or {@code null} if the class is not
	 * generated
	 */
	public static @Nullable PlainService of(Object bean, Class<?> type, Class<?> generated,
			List<GrpcMethodArgumentResolver> resolvers, StreamValidation validation) {
		ProtoService service = ProtoService.of(generated);
		if (service == null) {
			return null;
		}
		PlainService plain = new PlainService(bean, type, new MethodArguments(resolvers), validation, service);
		plain.match();
		return plain;
	}

	private void match() {
		List<BeanMethod> methods = BeanMethod.allOf(this.type);
		List<BeanMethod> unnamed = new ArrayList<>();
		Map<Rpc, List<BeanMethod>> candidates = new LinkedHashMap<>();
		for (BeanMethod method : methods) {
			Rpc rpc = rpcOf(method);
			if (rpc != null) {
				candidates.computeIfAbsent(rpc, (key) -> new ArrayList<>()).add(method);
			}
			else if (method.annotatedName() == null) {
				unnamed.add(method);
			}
		}
		for (Rpc rpc : this.service.rpcs()) {
			match(rpc, candidates.getOrDefault(rpc, List.of()), unnamed);
		}
		unnamed.forEach(this::checkUnnamed);
	}

	private @Nullable Rpc rpcOf(BeanMethod method) {
		String annotated = method.annotatedName();
		for (Rpc rpc : this.service.rpcs()) {
			if ((annotated != null) ? rpc.name().equals(annotated) : rpc.isNamed(method.name())) {
				return rpc;
			}
		}
		if (annotated != null) {
			List<String> names = this.service.rpcs().stream().map(Rpc::name).toList();
			String nearest = NearestName.of(annotated, names);
			this.mistakes.add("%s is marked @GrpcMethod(\"%s\"), which is no rpc of %s. %s".formatted(method, annotated,
					this.service.name(), (nearest != null) ? "Did you mean \"%s\"?".formatted(nearest)
							: "It has: %s.".formatted(String.join(", ", names))));
		}
		return null;
	}

	private void match(Rpc rpc, List<BeanMethod> named, List<BeanMethod> unnamed) {
		List<BeanMethod> meant = meant(named);
		if (meant.isEmpty()) {
			this.mistakes.add(missing(rpc, unnamed));
		}
		else if (meant.size() > 1) {
			this.mistakes.add("rpc %s has %d methods: %s. Leave it one: rename the others or make them private."
				.formatted(rpc.name(), meant.size(),
						meant.stream().map(BeanMethod::toString).collect(Collectors.joining(" and "))));
		}
		else {
			bind(rpc, meant.get(0));
		}
	}

	/**
	 * Of the methods that have the name of an rpc, those that are meant to answer it:
	 * others are overloads that help. If none looks so, they were meant nevertheless.
	 */
	private List<BeanMethod> meant(List<BeanMethod> named) {
		Set<Class<?>> messages = this.service.messageTypes();
		List<BeanMethod> meant = named.stream()
			.filter((method) -> method.annotatedName() != null || method.involves(messages))
			.toList();
		meant = meant.isEmpty() ? named : meant;
		List<BeanMethod> callable = meant.stream()
			.filter((method) -> method.annotatedName() != null || method.isCallable())
			.toList();
		return callable.isEmpty() ? meant : callable;
	}

	private String missing(Rpc rpc, List<BeanMethod> unnamed) {
		String name = NearestName.of(rpc.javaName(), unnamed.stream().map(BeanMethod::name).toList());
		String missing = "rpc %s has no method. ".formatted(rpc.name());
		if (name == null) {
			return missing + "Add %s.".formatted(rpc.signature(rpc.javaName(), false));
		}
		unnamed.removeIf((method) -> method.name().equals(name));
		return missing + "Is '%s' meant? Call it '%s', or mark it @GrpcMethod(\"%s\").".formatted(name, rpc.javaName(),
				rpc.name());
	}

	private void bind(Rpc rpc, BeanMethod method) {
		this.methods.put(rpc, method);
		int before = this.mistakes.size();
		if (!method.isCallable()) {
			String modifier = Modifier.isStatic(method.modifiers()) ? "static" : "private";
			this.mistakes.add("%s for rpc %s is %s. Remove '%s'.".formatted(method, rpc.name(), modifier, modifier));
		}
		String obstacle = method.isCallable() ? MethodEntry.obstacle(method, this.bean) : null;
		Method entry = (method.isCallable() && obstacle == null) ? MethodEntry.of(method, this.bean) : method.method();
		if (isAsync(entry) || isAsync(method.method()) || isAsync(this.type)) {
			this.mistakes.add(("%s is @Async: its call would be answered before it has run. Remove @Async; each call "
					+ "has a thread of its own.")
				.formatted(method));
		}
		this.constraints.refuseOnSent(method, entry);
		if (obstacle != null) {
			this.mistakes.add(obstacle);
		}
		RpcSignature signature = RpcSignature.of(method, rpc, this.arguments, this.mistakes);
		if (signature != null && this.mistakes.size() == before) {
			this.handlers.put(rpc, handler(rpc, method, entry, signature));
		}
	}

	private ServerCallHandler<Object, Object> handler(Rpc rpc, BeanMethod method, Method entry,
			RpcSignature signature) {
		ServerCallHandler<Object, Object> handler = new RpcHandle(entry, this.bean, method, signature).handler(rpc);
		if (rpc.kind().clientSendsOneMessage()) {
			return handler;
		}
		StreamParameter stream = new StreamParameter(this.bean, this.type, method.method(), entry,
				signature.messages().get(0));
		return this.constraints.validated(method, stream, handler);
	}

	private static boolean isAsync(AnnotatedElement element) {
		return AnnotatedElementUtils.hasAnnotation(element, Async.class);
	}

	private void checkUnnamed(BeanMethod method) {
		if (Modifier.isPublic(method.modifiers()) && method.isCallable()
				&& method.takesOne(this.service.requestTypes())) {
			this.mistakes
				.add(("%s is public and takes a request, but no rpc has its name. Mark it @GrpcMethod with the "
						+ "name of the rpc, make it less than public, or move it to another bean.")
					.formatted(method));
		}
	}

	/**
	 * Adds to the mistakes the methods that receive messages on an event loop, where each
	 * receive would fail since nothing may wait there.
	 * @param onEventLoop whether the calls of a method run on an event loop
	 */
	public void checkThreads(Predicate<MethodDescriptor<?, ?>> onEventLoop) {
		this.methods.forEach((rpc, method) -> {
			if (!rpc.kind().clientSendsOneMessage() && onEventLoop.test(rpc.descriptor())) {
				this.mistakes.add(("%s receives messages, but its threading is event-loop, where nothing may wait. Set "
						+ "strand.server.methods[%s].threading to auto, virtual or platform.")
					.formatted(method, rpc.descriptor().getFullMethodName()));
			}
		});
	}

	/**
	 * The full name of the proto service, such as {@code shop.Stock}.
	 * @return the name
	 */
	public String getName() {
		return this.service.name();
	}

	/**
	 * What keeps the bean from being served.
	 * @return a sentence or more for each mistake
	 */
	public List<String> getMistakes() {
		return List.copyOf(this.mistakes);
	}

	/**
	 * The service, with a handler for each rpc that calls its method.
	 * @return the definition
	 * @throws IllegalStateException if there are mistakes
	 */
	public ServerServiceDefinition getDefinition() {
		if (!this.mistakes.isEmpty()) {
			throw new IllegalStateException(StringUtils.collectionToDelimitedString(this.mistakes, " "));
		}
		ServerServiceDefinition.Builder builder = ServerServiceDefinition.builder(this.service.descriptor());
		this.handlers.forEach((rpc, handler) -> addMethod(builder, rpc, handler));
		return builder.build();
	}

	@SuppressWarnings("unchecked")
	private static void addMethod(ServerServiceDefinition.Builder builder, Rpc rpc,
			ServerCallHandler<Object, Object> handler) {
		// Of the classes that the signature was checked against
		builder.addMethod((MethodDescriptor<Object, Object>) rpc.descriptor(), handler);
	}

}
