package io.strand.grpc.service;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.Arrays;

import io.strand.grpc.stream.ClientStream;

import org.springframework.core.annotation.MergedAnnotations;

/**
 * Finds constraints on the messages of a stream: a validator that is to check them takes
 * all messages from the stream before the method is called, which then finds none. Knows
 * them by name, since Jakarta Validation need not be there.
 */
final class StreamConstraints {

	private static final String CONSTRAINT = "jakarta.validation.Constraint";

	private static final String CASCADE = "jakarta.validation.Valid";

	private StreamConstraints() {
	}

	static boolean areOn(Method method) {
		return Arrays.stream(method.getParameters())
			.filter((parameter) -> ClientStream.class.isAssignableFrom(parameter.getType()))
			.anyMatch(StreamConstraints::areOnMessagesOf);
	}

	private static boolean areOnMessagesOf(Parameter stream) {
		AnnotatedType type = stream.getAnnotatedType();
		return has(stream, CASCADE) || has(type, CASCADE)
				|| (type instanceof AnnotatedParameterizedType parameterized
						&& Arrays.stream(parameterized.getAnnotatedActualTypeArguments())
							.anyMatch((message) -> has(message, CASCADE) || has(message, CONSTRAINT)));
	}

	private static boolean has(AnnotatedElement element, String annotation) {
		return MergedAnnotations.from(element).isPresent(annotation);
	}

}
