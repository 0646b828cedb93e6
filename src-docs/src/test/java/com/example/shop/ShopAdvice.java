package com.example.shop;

import com.google.protobuf.Any;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.service.advice.GrpcAdvice;
import io.strand.grpc.service.advice.GrpcExceptionHandler;

// tag::advice[]
@GrpcAdvice
class ShopAdvice {

	@GrpcExceptionHandler
	com.google.rpc.Status soldOut(SoldOutException ex, GrpcCall call) {
		ErrorInfo details = ErrorInfo.newBuilder()
			.setReason("SOLD_OUT")
			.setDomain(call.method().getServiceName())
			.putMetadata("item", ex.item())
			.build();
		return com.google.rpc.Status.newBuilder()
			.setCode(Code.FAILED_PRECONDITION_VALUE)
			.setMessage("Sold out: " + ex.item())
			.addDetails(Any.pack(details))
			.build();
	}

}
// end::advice[]
