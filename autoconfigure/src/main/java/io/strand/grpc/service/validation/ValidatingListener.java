package io.strand.grpc.service.validation;

import java.util.List;

import build.buf.protovalidate.ValidationResult;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.Violation;
import build.buf.protovalidate.exceptions.ValidationException;
import build.buf.validate.FieldPath;
import build.buf.validate.FieldPathElement;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest.FieldViolation;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusException;
import io.strand.grpc.call.EndCallbacks;
import io.strand.grpc.call.LoggedFailure;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Validates each message before its handler gets it. Throws the status of an invalid one,
 * which ends the call as if the handler had thrown it; a blocking stream throws it to the
 * thread that receives.
 */
final class ValidatingListener<Q> extends SimpleForwardingServerCallListener<Q> implements EndCallbacks.Aware {

	private static final Log logger = LogFactory.getLog(ValidatingListener.class);

	private final Validator validator;

	private final String method;

	/** Whichever thread receives. */
	private volatile boolean refused;

	ValidatingListener(ServerCall.Listener<Q> handler, Validator validator, String method) {
		super(handler);
		this.validator = validator;
		this.method = method;
	}

	@Override
	public boolean hasEndCallbacks() {
		return EndCallbacks.arePresent(delegate());
	}

	@Override
	public void onMessage(Q message) {
		if (this.refused) {
			return;
		}
		ValidationResult result;
		try {
			result = this.validator.validate((Message) message);
		}
		catch (ValidationException ex) {
			this.refused = true;
			logger.error("The rules for requests of %s cannot be applied".formatted(this.method), LoggedFailure.of(ex));
			throw Status.INTERNAL.withDescription("The request could not be validated")
				.withCause(ex)
				.asRuntimeException();
		}
		if (!result.isSuccess()) {
			this.refused = true;
			StatusException invalid = InvalidRequest
				.of(result.getViolations().stream().map(ValidatingListener::violation).toList());
			throw invalid.getStatus().asRuntimeException(invalid.getTrailers());
		}
		super.onMessage(message);
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

	@Override
	public void onHalfClose() {
		if (!this.refused) {
			super.onHalfClose();
		}
	}

	@Override
	public void onReady() {
		if (!this.refused) {
			super.onReady();
		}
	}

	/** To a handler that was not given all of its stream, the call has not completed. */
	@Override
	public void onComplete() {
		if (this.refused) {
			super.onCancel();
		}
		else {
			super.onComplete();
		}
	}

}
