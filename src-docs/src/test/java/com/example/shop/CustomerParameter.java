package com.example.shop;

import java.lang.reflect.Parameter;

import io.grpc.Metadata;
import io.grpc.Status;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.service.GrpcMethodArgumentResolver;

import org.springframework.stereotype.Component;

// tag::resolver[]
@Component
class CustomerParameter implements GrpcMethodArgumentResolver {

	static final Metadata.Key<String> CUSTOMER = Metadata.Key.of("customer", Metadata.ASCII_STRING_MARSHALLER);

	@Override
	public boolean supports(Parameter parameter) {
		return parameter.getType() == Customer.class;
	}

	@Override
	public Object resolve(GrpcCall call) {
		String name = call.headers().get(CUSTOMER);
		if (name == null) {
			throw Status.UNAUTHENTICATED.withDescription("Who are you?").asRuntimeException();
		}
		return new Customer(name);
	}

}
// end::resolver[]
