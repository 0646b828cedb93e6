package io.strand.grpc.service.validation;

import java.util.List;
import java.util.function.Consumer;

import build.buf.protovalidate.ValidationResult;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.Violation;
import build.buf.protovalidate.exceptions.ValidationException;
import build.buf.validate.FieldPath;
import build.buf.validate.FieldPathElement;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest.FieldViolation;
import io.grpc.Status;
import io.grpc.StatusException;
import io.strand.grpc.call.LoggedFailure;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Checks a message by the rules in its {@code .proto} file, and throws the status of an
 * invalid one. Thread-safe.
 *
 * @param validator what validates
 * @param method the full name of the method whose request the message is
 */
record RuleCheck(Validator validator, String method) implements Consumer<Object> {

	private static final Log logger = LogFactory.getLog(RuleCheck.class);

	@Override
	public void accept(Object message) {
		ValidationResult result;
		try {
			result = this.validator.validate((Message) message);
		}
		catch (ValidationException ex) {
			logger.error("The rules for requests of %s cannot be applied".formatted(this.method), LoggedFailure.of(ex));
			throw Status.INTERNAL.withDescription("The request could not be validated")
				.withCause(ex)
				.asRuntimeException();
		}
		if (!result.isSuccess()) {
			StatusException invalid = InvalidRequest
				.of(result.getViolations().stream().map(RuleCheck::violation).toList());
			throw invalid.getStatus().asRuntimeException(invalid.getTrailers());
		}
	}

	private static FieldViolation violation(Violation violation) {
		build.buf.validate.Violation proto = violation.toProto();
		return InvalidRequest.violation(path(proto.getField()), proto.getMessage())
			.toBuilder()
			.setReason(proto.getRuleId())
			.build();
	}

	/** Such as {@code order.lines[2].text} or {@code names["en"]}. */
	private static String path(FieldPath path) {
		StringBuilder text = new StringBuilder();
		List<FieldPathElement> elements = path.getElementsList();
		for (FieldPathElement element : elements) {
			text.append(text.isEmpty() ? "" : ".").append(element.getFieldName());
			switch (element.getSubscriptCase()) {
				case INDEX -> text.append('[').append(element.getIndex()).append(']');
				case BOOL_KEY -> text.append('[').append(element.getBoolKey()).append(']');
				case INT_KEY -> text.append('[').append(element.getIntKey()).append(']');
				case UINT_KEY -> text.append('[').append(Long.toUnsignedString(element.getUintKey())).append(']');
				case STRING_KEY -> text.append("[\"").append(element.getStringKey()).append("\"]");
				default -> {
				}
			}
		}
		return text.toString();
	}

}
