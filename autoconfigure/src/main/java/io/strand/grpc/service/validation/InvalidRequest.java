package io.strand.grpc.service.validation;

import java.util.List;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.BadRequest.FieldViolation;
import com.google.rpc.Code;
import com.google.rpc.Status;
import io.grpc.StatusException;
import io.grpc.protobuf.StatusProto;

/**
 * How a client is told that its request is invalid: INVALID_ARGUMENT, with a
 * {@link BadRequest} that says which fields and why.
 */
public final class InvalidRequest {

	/** Clients take 8 KiB of metadata, in which details are one third longer. */
	private static final int MAX_DETAILS_BYTES = 4096;

	private static final int MAX_FIELD_LENGTH = 200;

	private static final int MAX_DESCRIPTION_LENGTH = 500;

	private InvalidRequest() {
	}

	/**
	 * Makes the status. Its text has the count of violations; of a great many, only the
	 * first are sent, as many as fit into the metadata that a client accepts.
	 * @param violations what is wrong, not empty
	 * @return the status with its trailers
	 */
	public static StatusException of(List<FieldViolation> violations) {
		String field = violations.get(0).getField();
		String where = field.isEmpty() ? "" : " in field '%s'".formatted(field);
		String text = (violations.size() == 1) ? "The request is invalid: 1 violation" + where
				: "The request is invalid: %d violations, the first%s".formatted(violations.size(),
						where.isEmpty() ? " of the whole" : where);
		return StatusProto.toStatusException(Status.newBuilder()
			.setCode(Code.INVALID_ARGUMENT_VALUE)
			.setMessage(text)
			.addDetails(Any.pack(details(violations)))
			.build());
	}

	private static BadRequest details(List<FieldViolation> violations) {
		BadRequest.Builder details = BadRequest.newBuilder();
		int size = 0;
		for (FieldViolation violation : violations) {
			size += violation.getSerializedSize();
			if (size > MAX_DETAILS_BYTES) {
				break;
			}
			details.addFieldViolations(violation);
		}
		return details.build();
	}

	/**
	 * Makes a violation.
	 * @param field the path of the field, empty for the whole request
	 * @param description what is wrong with it
	 * @return the violation
	 */
	public static FieldViolation violation(String field, String description) {
		return FieldViolation.newBuilder()
			.setField(shortened(field, MAX_FIELD_LENGTH))
			.setDescription(shortened(description, MAX_DESCRIPTION_LENGTH))
			.build();
	}

	private static String shortened(String text, int length) {
		return (text.length() <= length) ? text : text.substring(0, length) + "…";
	}

}
