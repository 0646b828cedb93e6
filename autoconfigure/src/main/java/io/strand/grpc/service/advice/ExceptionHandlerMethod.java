package io.strand.grpc.service.advice;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;

import io.grpc.Metadata;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

import org.springframework.util.ReflectionUtils;

/**
 * A method with {@link GrpcExceptionHandler} that was found to be usable.
 *
 * @param bean what it is called on
 * @param method the method, one that can be called on a proxy
 * @param exceptions what it is for
 */
record ExceptionHandlerMethod(Object bean, Method method, List<Class<? extends Throwable>> exceptions) {

	ExceptionHandlerMethod {
		ReflectionUtils.makeAccessible(method);
	}

	/**
	 * The most specific of its types that an exception is an instance of. A status is
	 * matched by the types of statuses only.
	 * @param exception the exception
	 * @return the type, or {@code null} if the method is not for the exception
	 */
	@Nullable Class<? extends Throwable> match(Throwable exception) {
		Class<? extends Throwable> best = null;
		for (Class<? extends Throwable> type : this.exceptions) {
			if (type.isInstance(exception) && (isStatus(type) || !isStatus(exception.getClass()))
					&& (best == null || best.isAssignableFrom(type))) {
				best = type;
			}
		}
		return best;
	}

	static boolean isStatus(Class<?> type) {
		return StatusException.class.isAssignableFrom(type) || StatusRuntimeException.class.isAssignableFrom(type);
	}

	/**
	 * Calls the method.
	 * @param exception what it is told of
	 * @param call the call
	 * @param headers what the client sent
	 * @return what it returns
	 * @throws Throwable what it throws
	 */
	@Nullable Object invoke(Throwable exception, GrpcCall call, Metadata headers) throws Throwable {
		Class<?>[] types = this.method.getParameterTypes();
		@Nullable Object[] arguments = new Object[types.length];
		for (int i = 0; i < types.length; i++) {
			arguments[i] = (types[i] == GrpcCall.class) ? call : (types[i] == Metadata.class) ? headers : exception;
		}
		try {
			return this.method.invoke(this.bean, arguments);
		}
		catch (InvocationTargetException ex) {
			throw (ex.getCause() != null) ? ex.getCause() : ex;
		}
	}

	@Override
	public String toString() {
		return describe(this.method);
	}

	static String describe(Method method) {
		return method.getDeclaringClass().getName() + "." + method.getName();
	}

}
