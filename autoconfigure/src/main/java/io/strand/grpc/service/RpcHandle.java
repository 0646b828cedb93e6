package io.strand.grpc.service;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.grpc.ServerCallHandler;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.stream.BlockingHandlers;
import io.strand.grpc.stream.ServerStream;
import org.jspecify.annotations.Nullable;

import org.springframework.util.ReflectionUtils;

/**
 * Calls a method by a handle that was bound to the bean and brought into one form when
 * the application started: one or two objects, the messages or streams, to an object.
 * What a call costs then is an indirect call, without reflection and arrays.
 */
final class RpcHandle {

	private static final MethodHandle CURRENT_CALL;

	private static final MethodHandle RESOLVE;

	static {
		MethodHandles.Lookup lookup = MethodHandles.lookup();
		try {
			CURRENT_CALL = lookup.findStatic(GrpcCall.class, "current", MethodType.methodType(GrpcCall.class));
			RESOLVE = lookup.findVirtual(GrpcMethodArgumentResolver.class, "resolve",
					MethodType.methodType(Object.class, GrpcCall.class));
		}
		catch (ReflectiveOperationException ex) {
			throw new ExceptionInInitializerError(ex);
		}
	}

	private final String methodName;

	private final RpcSignature signature;

	private final MethodHandle handle;

	/**
	 * Binds a method.
	 * @param entry where the bean is entered
	 * @param bean the bean or its proxy
	 * @param method the method of its class, as messages name it
	 * @param signature how it takes what it is called with
	 */
	RpcHandle(Method entry, Object bean, BeanMethod method, RpcSignature signature) {
		this.methodName = method.type().getName() + "." + method.name();
		this.signature = signature;
		this.handle = adapt(bind(entry, bean), signature);
	}

	private static MethodHandle bind(Method entry, Object bean) {
		ReflectionUtils.makeAccessible(entry);
		try {
			return MethodHandles.lookup().unreflect(entry).bindTo(bean).asFixedArity();
		}
		catch (IllegalAccessException ex) {
			throw new IllegalStateException("Cannot call " + entry, ex);
		}
	}

	private static MethodHandle adapt(MethodHandle bound, RpcSignature signature) {
		MethodHandle adapted = bound;
		for (Map.Entry<Integer, GrpcMethodArgumentResolver> other : signature.others().entrySet()) {
			Class<?> parameter = bound.type().parameterType(other.getKey());
			adapted = MethodHandles.filterArguments(adapted, other.getKey(),
					RESOLVE.bindTo(other.getValue()).asType(MethodType.methodType(parameter, GrpcCall.class)));
		}
		return orderArguments(adapted, signature);
	}

	private static MethodHandle orderArguments(MethodHandle handle, RpcSignature signature) {
		List<Integer> messages = signature.messages();
		MethodType type = handle.type().changeReturnType(Object.class);
		int[] order = new int[type.parameterCount()];
		for (int i = 0; i < order.length; i++) {
			// What is no message takes the call, which comes last
			order[i] = messages.contains(i) ? messages.indexOf(i) : messages.size();
			type = messages.contains(i) ? type.changeParameterType(i, Object.class) : type;
		}
		MethodType ordered = MethodType.genericMethodType(messages.size());
		if (signature.others().isEmpty()) {
			return MethodHandles.permuteArguments(handle.asType(type), ordered, order);
		}
		MethodHandle withCall = MethodHandles.permuteArguments(handle.asType(type),
				ordered.appendParameterTypes(GrpcCall.class), order);
		return MethodHandles.collectArguments(withCall, messages.size(), CURRENT_CALL);
	}

	/**
	 * A handler that calls the method.
	 * @param rpc what the method answers
	 * @return the handler
	 */
	ServerCallHandler<Object, Object> handler(Rpc rpc) {
		return switch (rpc.kind()) {
			case UNARY -> BlockingHandlers.unary(this::answer);
			case CLIENT_STREAMING -> BlockingHandlers.clientStreaming(this::answer);
			case SERVER_STREAMING -> this.signature.returnsMany() ? BlockingHandlers.serverStreaming(this::answerMany)
					: BlockingHandlers.serverStreaming(this::talk);
			case BIDI_STREAMING, UNKNOWN -> BlockingHandlers.bidiStreaming(this::talk);
		};
	}

	private Object answer(Object requests) throws Throwable {
		return (Object) this.handle.invokeExact(requests);
	}

	private void talk(Object stream) throws Throwable {
		Object nothing = (Object) this.handle.invokeExact(stream);
	}

	private void talk(Object request, Object responses) throws Throwable {
		Object nothing = (Object) this.handle.invokeExact(request, responses);
	}

	private void answerMany(Object request, ServerStream<Object> responses) throws Throwable {
		Object result = answer(request);
		if (result == null) {
			throw new IllegalStateException("%s returned null instead of responses".formatted(this.methodName));
		}
		if (result instanceof Stream<?> stream) {
			try (stream) {
				stream.sequential().forEachOrdered(responses::send);
			}
		}
		else if (result instanceof AutoCloseable closeable) {
			try (closeable) {
				sendAll((Iterable<?>) closeable, responses);
			}
		}
		else {
			sendAll((Iterable<?>) result, responses);
		}
	}

	/** Not with {@code forEach}: that of some collections holds a lock meanwhile. */
	private static void sendAll(Iterable<?> messages, ServerStream<Object> responses) {
		for (Object message : messages) {
			responses.send(message);
		}
	}

}
