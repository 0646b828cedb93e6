package io.strand.grpc.service.advice;

import java.util.List;
import java.util.Set;

import io.grpc.StatusException;
import io.strand.grpc.service.validation.InvalidRequest;
import jakarta.validation.ConstraintViolation;
import jakarta.validation.ConstraintViolationException;
import jakarta.validation.ElementKind;
import jakarta.validation.Path;
import org.jspecify.annotations.Nullable;

/**
 * Maps the exceptions of Jakarta Validation.
 */
final class ConstraintViolations {

	private ConstraintViolations() {
	}

	static @Nullable StatusException map(Throwable exception) {
		if (!(exception instanceof ConstraintViolationException invalid)) {
			return null;
		}
		Set<ConstraintViolation<?>> violations = invalid.getConstraintViolations();
		if (violations == null || violations.isEmpty()
				|| violations.stream().anyMatch(ConstraintViolations::isOfReturnValue)) {
			return null;
		}
		// A set, which has no order of its own
		return InvalidRequest.of(violations.stream()
			.map((each) -> List.of(field(each.getPropertyPath()), each.getMessage()))
			.sorted((a, b) -> String.join("\n", a).compareTo(String.join("\n", b)))
			.map((each) -> InvalidRequest.violation(each.get(0), each.get(1)))
			.toList());
	}

	private static boolean isOfReturnValue(ConstraintViolation<?> violation) {
		for (Path.Node node : violation.getPropertyPath()) {
			if (node.getKind() == ElementKind.RETURN_VALUE) {
				return true;
			}
		}
		return false;
	}

	/** Without the names of the method and, before a property, of its parameter. */
	private static String field(Path path) {
		StringBuilder properties = new StringBuilder();
		String parameter = "";
		for (Path.Node node : path) {
			if (node.getKind() == ElementKind.PARAMETER) {
				parameter = node.getName();
			}
			else if (node.getKind() != ElementKind.METHOD && node.getKind() != ElementKind.CONSTRUCTOR) {
				append(properties, node);
			}
		}
		return properties.isEmpty() ? parameter : properties.toString();
	}

	private static void append(StringBuilder properties, Path.Node node) {
		if (node.isInIterable() && node.getIndex() != null) {
			properties.append('[').append(node.getIndex()).append(']');
		}
		else if (node.isInIterable() && node.getKey() != null) {
			properties.append('[').append(node.getKey()).append(']');
		}
		String name = node.getName();
		if (name != null && node.getKind() == ElementKind.PROPERTY) {
			properties.append(properties.isEmpty() ? "" : ".").append(name);
		}
	}

}
