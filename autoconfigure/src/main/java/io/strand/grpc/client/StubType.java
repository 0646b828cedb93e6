package io.strand.grpc.client;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;

import io.grpc.Channel;
import io.grpc.stub.AbstractStub;
import io.strand.grpc.service.ProtoServiceName;
import org.jspecify.annotations.Nullable;

/**
 * A class of generated stubs, of any kind: blocking, blocking v2, future, asynchronous,
 * or of another generator that extends gRPC's {@link AbstractStub}.
 *
 * @param stubClass the generated class
 * @param protoService the full name of the proto service it calls
 */
record StubType(Class<?> stubClass, String protoService) {

	static @Nullable StubType of(@Nullable Class<?> type) {
		if (type == null || !AbstractStub.class.isAssignableFrom(type) || Modifier.isAbstract(type.getModifiers())) {
			return null;
		}
		String protoService = ProtoServiceName.of(type);
		return (protoService != null) ? new StubType(type, protoService) : null;
	}

	/**
	 * Makes a stub.
	 * @param channel the channel it calls through
	 * @return a new stub of {@link #stubClass()}
	 */
	Object newStub(Channel channel) {
		try {
			Method factory = factoryMethod();
			return (factory != null) ? factory.invoke(null, channel) : constructor().newInstance(channel);
		}
		catch (InvocationTargetException ex) {
			throw new IllegalStateException("The stub %s cannot be made".formatted(displayName()), ex.getCause());
		}
		catch (ReflectiveOperationException ex) {
			throw new IllegalStateException(
					"The stub %s has neither a static factory method nor a constructor that takes a Channel"
						.formatted(displayName()),
					ex);
		}
	}

	/**
	 * The static method that gRPC's own generator makes beside each stub, such as
	 * {@code newBlockingStub}.
	 * @return the method, or {@code null} if the stub is of another generator
	 */
	@Nullable Method factoryMethod() {
		Class<?> generated = this.stubClass.getEnclosingClass();
		if (generated == null) {
			return null;
		}
		return Arrays.stream(generated.getMethods())
			.filter((method) -> Modifier.isStatic(method.getModifiers()) && method.getReturnType() == this.stubClass)
			.filter((method) -> Arrays.equals(method.getParameterTypes(), new Class<?>[] { Channel.class }))
			.findFirst()
			.orElse(null);
	}

	/**
	 * The constructor for where there is no factory method.
	 * @return the constructor
	 * @throws NoSuchMethodException if the stub has no public one that takes a channel
	 */
	Constructor<?> constructor() throws NoSuchMethodException {
		return this.stubClass.getConstructor(Channel.class);
	}

	String displayName() {
		Class<?> generated = this.stubClass.getEnclosingClass();
		return ((generated != null) ? generated.getSimpleName() + "." : "") + this.stubClass.getSimpleName();
	}

}
