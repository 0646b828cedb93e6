package io.strand.grpc.service;

import java.lang.reflect.Parameter;

import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

/**
 * Provides a parameter that a method of a {@link GrpcService} takes beside its messages.
 * Any bean of this type is used, in its {@code @Order}; for a parameter that several
 * support, the first. Must be safe from any number of threads.
 */
public interface GrpcMethodArgumentResolver {

	/**
	 * Whether this resolver provides a parameter. Asked once, when the application
	 * starts.
	 * @param parameter a parameter of a method
	 * @return whether it does
	 */
	boolean supports(Parameter parameter);

	/**
	 * Provides the parameter. Called for each call, on its thread, before the method.
	 * @param call the call
	 * @return a value of the type of the parameter
	 */
	@Nullable Object resolve(GrpcCall call);

}
