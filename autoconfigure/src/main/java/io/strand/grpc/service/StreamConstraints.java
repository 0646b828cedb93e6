package io.strand.grpc.service;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;

import io.grpc.ServerCallHandler;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.stream.ServerStream;
import org.jspecify.annotations.Nullable;

import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.validation.annotation.Validated;

/**
 * Has the messages of streams validated by the constraints that methods declare on them,
 * and refuses constraints that nothing would check. Knows them by name, since Jakarta
 * Validation need not be there.
 */
final class StreamConstraints {

	private static final String CONSTRAINT = "jakarta.validation.Constraint";

	private static final String CASCADE = "jakarta.validation.Valid";

	private final StreamValidation validation;

	private final List<String> mistakes;

	/**
	 * Makes what looks after the methods of a class.
	 * @param validation what validates
	 * @param mistakes where to say what is wrong
	 */
	StreamConstraints(StreamValidation validation, List<String> mistakes) {
		this.validation = validation;
		this.mistakes = mistakes;
	}

	/**
	 * Refuses constraints on what a method sends: that is on its way before anybody looks
	 * at a result, and an iterable that is validated may have no second iteration.
	 * @param method the method
	 * @param entry where the bean is entered
	 */
	void refuseOnSent(BeanMethod method, Method entry) {
		if (areOnSent(method.method()) || areOnSent(entry)) {
			this.mistakes.add(("%s has constraints on the messages that it sends, which nothing would check. Remove "
					+ "them: what is received is validated, on streams, and what a method returns as a single message "
					+ "or a collection.")
				.formatted(method));
		}
	}

	/**
	 * Has validated what a method receives.
	 * @param method the method
	 * @param stream its parameter
	 * @param handler calls the method
	 * @return the handler to be used
	 */
	ServerCallHandler<Object, Object> validated(BeanMethod method, StreamParameter stream,
			ServerCallHandler<Object, Object> handler) {
		try {
			ServerCallHandler<Object, Object> validating = isValidated(stream)
					? this.validation.validate(stream, handler) : null;
			if (validating != null) {
				return validating;
			}
			if (areOnReceived(stream.method()) || areOnReceived(stream.entry())) {
				this.mistakes.add(("%s has constraints on the messages of its stream, which nothing would check. Mark "
						+ "its class @Validated and have a Validator bean, as spring-boot-starter-validation brings "
						+ "one, or remove the constraints.")
					.formatted(method));
			}
		}
		catch (IllegalArgumentException ex) {
			this.mistakes.add("%s receives messages that cannot be validated: %s".formatted(method, ex.getMessage()));
		}
		return handler;
	}

	/** As Spring decides whether a bean gets a proxy that validates. */
	private static boolean isValidated(StreamParameter stream) {
		return AnnotatedElementUtils.hasAnnotation(stream.type(), Validated.class);
	}

	private static boolean areOnReceived(Method method) {
		return parameters(method, ClientStream.class)
			.anyMatch((stream) -> has(stream, CASCADE) || areOn(stream.getAnnotatedType(), 0));
	}

	private static boolean areOnSent(Method method) {
		Class<?> result = method.getReturnType();
		// A collection is validated like any result: it can be iterated again
		boolean returnsStream = Stream.class.isAssignableFrom(result)
				|| (Iterable.class.isAssignableFrom(result) && !Collection.class.isAssignableFrom(result));
		return (returnsStream && (has(method, CASCADE) || areOn(method.getAnnotatedReturnType(), 0)))
				|| parameters(method, ServerStream.class).anyMatch(StreamConstraints::areOnSent);
	}

	private static boolean areOnSent(Parameter stream) {
		if (ClientStream.class.isAssignableFrom(stream.getType())) {
			return argumentHas(stream.getAnnotatedType(), 1);
		}
		return has(stream, CASCADE) || areOn(stream.getAnnotatedType(), 0);
	}

	private static Stream<Parameter> parameters(Method method, Class<?> type) {
		return Arrays.stream(method.getParameters()).filter((parameter) -> type.isAssignableFrom(parameter.getType()));
	}

	private static boolean areOn(AnnotatedType stream, int argument) {
		return has(stream, CASCADE) || argumentHas(stream, argument);
	}

	private static boolean argumentHas(AnnotatedType stream, int argument) {
		AnnotatedType message = argument(stream, argument);
		return message != null && (has(message, CASCADE) || has(message, CONSTRAINT));
	}

	private static @Nullable AnnotatedType argument(AnnotatedType stream, int argument) {
		AnnotatedType[] arguments = (stream instanceof AnnotatedParameterizedType parameterized)
				? parameterized.getAnnotatedActualTypeArguments() : new AnnotatedType[0];
		return (argument < arguments.length) ? arguments[argument] : null;
	}

	private static boolean has(AnnotatedElement element, String annotation) {
		return MergedAnnotations.from(element).isPresent(annotation);
	}

}
