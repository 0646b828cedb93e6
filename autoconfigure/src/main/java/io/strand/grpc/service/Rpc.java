package io.strand.grpc.service;

import java.util.Objects;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;

/**
 * A method of a proto service, with the Java types of its messages.
 *
 * @param descriptor the generated descriptor
 * @param requestType the class of its requests
 * @param responseType the class of its responses
 */
record Rpc(MethodDescriptor<?, ?> descriptor, Class<?> requestType, Class<?> responseType) {

	/**
	 * The name that the {@code .proto} file has.
	 * @return the name, without that of the service
	 */
	String name() {
		return Objects.requireNonNull(this.descriptor.getBareMethodName());
	}

	MethodType kind() {
		return this.descriptor.getType();
	}

	/**
	 * The name that gRPC's protoc plugin gives the method in Java: in lower camel case.
	 * @return the name
	 */
	String javaName() {
		StringBuilder java = new StringBuilder();
		boolean afterUnderscore = false;
		for (char character : name().toCharArray()) {
			if (java.isEmpty()) {
				java.append(Character.toLowerCase(character));
			}
			else if (character == '_') {
				afterUnderscore = true;
			}
			else {
				java.append(afterUnderscore ? Character.toUpperCase(character) : character);
				afterUnderscore = false;
			}
		}
		return java.toString();
	}

	/**
	 * Whether a method of that name answers this rpc. To a name that is a keyword, the
	 * plugin appends an underscore.
	 * @param methodName the name of a method in Java
	 * @return whether it does
	 */
	boolean isNamed(String methodName) {
		String java = javaName();
		return methodName.equals(java) || methodName.equals(java + "_");
	}

	/**
	 * What its method looks like, written as in Java.
	 * @param methodName the name of the method
	 * @param qualified whether types are written with their packages
	 * @return one signature or two
	 */
	String signature(String methodName, boolean qualified) {
		String request = TypeNames.of(this.requestType, qualified);
		String response = TypeNames.of(this.responseType, qualified);
		return switch (kind()) {
			case UNARY -> "'%s %s(%s)'".formatted(response, methodName, request);
			case CLIENT_STREAMING -> "'%s %s(ClientStream<%s>)'".formatted(response, methodName, request);
			case SERVER_STREAMING -> "'void %2$s(%3$s, ServerStream<%1$s>)' or 'Stream<%1$s> %2$s(%3$s)'"
				.formatted(response, methodName, request);
			case BIDI_STREAMING, UNKNOWN ->
				"'void %2$s(BidiStream<%3$s, %1$s>)'".formatted(response, methodName, request);
		};
	}

}
