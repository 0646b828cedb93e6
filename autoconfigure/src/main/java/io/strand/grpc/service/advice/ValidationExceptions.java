package io.strand.grpc.service.advice;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import com.google.rpc.BadRequest.FieldViolation;
import io.grpc.StatusException;
import io.strand.grpc.service.validation.InvalidRequest;
import org.jspecify.annotations.Nullable;

import org.springframework.context.MessageSourceResolvable;
import org.springframework.validation.BindException;
import org.springframework.validation.Errors;
import org.springframework.validation.FieldError;
import org.springframework.validation.method.MethodValidationException;
import org.springframework.validation.method.ParameterErrors;
import org.springframework.validation.method.ParameterValidationResult;

/**
 * Maps the exceptions of Spring's own validation.
 */
final class ValidationExceptions {

	private ValidationExceptions() {
	}

	static @Nullable StatusException map(Throwable exception) {
		List<FieldViolation> violations = new ArrayList<>();
		if (exception instanceof BindException invalid) {
			add(violations, invalid);
		}
		else if (exception instanceof MethodValidationException invalid && !invalid.isForReturnValue()) {
			invalid.getParameterValidationResults().forEach((result) -> addParameter(violations, result));
		}
		return violations.isEmpty() ? null : InvalidRequest.of(violations);
	}

	private static void add(List<FieldViolation> violations, Errors errors) {
		errors.getAllErrors()
			.forEach((error) -> violations
				.add(violation((error instanceof FieldError field) ? field.getField() : "", error)));
	}

	private static void addParameter(List<FieldViolation> violations, ParameterValidationResult result) {
		if (result instanceof ParameterErrors nested) {
			add(violations, nested);
			return;
		}
		String parameter = Objects.requireNonNullElse(result.getMethodParameter().getParameterName(), "");
		result.getResolvableErrors().forEach((error) -> violations.add(violation(parameter, error)));
	}

	private static FieldViolation violation(String field, MessageSourceResolvable error) {
		return InvalidRequest.violation(field, Objects.requireNonNullElse(error.getDefaultMessage(), "invalid"));
	}

}
