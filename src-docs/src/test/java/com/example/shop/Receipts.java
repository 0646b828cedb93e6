package com.example.shop;

import io.grpc.Metadata;
import io.strand.grpc.call.GrpcCall;

import org.springframework.stereotype.Component;

// tag::call[]
@Component
class Receipts {

	static final Metadata.Key<String> NUMBER = Metadata.Key.of("receipt", Metadata.ASCII_STRING_MARSHALLER);

	private final GrpcCall call;

	Receipts(GrpcCall call) {
		this.call = call;
	}

	void number(String number) {
		this.call.responseTrailers().put(NUMBER, number);
	}

}
// end::call[]
