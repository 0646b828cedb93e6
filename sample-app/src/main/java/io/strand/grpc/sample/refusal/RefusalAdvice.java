package io.strand.grpc.sample.refusal;

import io.grpc.Status;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;

/**
 * Says what clients are told of the sample's own exceptions, so that no service has to
 * catch them.
 */
@GrpcAdvice
class RefusalAdvice {

	@GrpcExceptionHandler
	Status unreasonable(UnreasonableRequestException ex) {
		return Status.INVALID_ARGUMENT.withDescription(ex.getMessage());
	}

}
