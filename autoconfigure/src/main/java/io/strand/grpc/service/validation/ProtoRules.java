package io.strand.grpc.service.validation;

import java.util.HashSet;
import java.util.Set;

import build.buf.validate.ValidateProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.ExtensionLite;
import com.google.protobuf.GeneratedMessage.ExtendableMessage;

/**
 * Looks for rules in the descriptor of a message, so that messages without any cost
 * nothing.
 */
final class ProtoRules {

	/** The number of the rules' extensions, which options may carry unread. */
	private static final int EXTENSION = ValidateProto.field.getNumber();

	private ProtoRules() {
	}

	static boolean areIn(Descriptor message) {
		return areIn(message, new HashSet<>());
	}

	private static boolean areIn(Descriptor message, Set<Descriptor> seen) {
		if (!seen.add(message)) {
			return false;
		}
		return has(message.getOptions(), ValidateProto.message)
				|| message.getOneofs().stream().anyMatch((oneof) -> has(oneof.getOptions(), ValidateProto.oneof))
				|| message.getFields().stream().anyMatch((field) -> areOn(field, seen));
	}

	private static boolean areOn(FieldDescriptor field, Set<Descriptor> seen) {
		return has(field.getOptions(), ValidateProto.field)
				|| (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE && areIn(field.getMessageType(), seen));
	}

	private static <T extends ExtendableMessage<T>> boolean has(T options, ExtensionLite<T, ?> rules) {
		return options.hasExtension(rules) || options.getUnknownFields().hasField(EXTENSION);
	}

}
