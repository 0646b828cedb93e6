package io.strand.grpc.service.validation;

import io.strand.grpc.stream.ClientStream;
import jakarta.validation.valueextraction.ExtractedValue;
import jakarta.validation.valueextraction.ValueExtractor;

/**
 * Keeps validators, which find this class as a service, from streams: of anything
 * iterable they would take all elements before the method is called. What they see of a
 * stream is the one message that is being validated.
 */
public final class StreamMessages implements ValueExtractor<ClientStream<@ExtractedValue ?>> {

	@Override
	public void extractValues(ClientStream<?> stream, ValueReceiver receiver) {
		if (stream instanceof ReceivedMessage received && received.message() != null) {
			// Without a name: a violation is about the parameter
			receiver.value(null, received.message());
		}
	}

}
