package com.example.shop;

import io.grpc.Status;
import io.grpc.StatusException;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.service.advice.CommonExceptionMapper;
import io.strand.grpc.service.advice.GrpcExceptionMapper;

// tag::mapper[]
class LegacyMapper implements GrpcExceptionMapper {

	private final GrpcExceptionMapper common = new CommonExceptionMapper(LegacyMapper.class.getClassLoader());

	@Override
	public StatusException map(Throwable exception, GrpcCall call) {
		if (exception instanceof UnsupportedOperationException) {
			return Status.UNIMPLEMENTED.withDescription("Not in this version").asException();
		}
		return this.common.map(exception, call);
	}

}
// end::mapper[]
