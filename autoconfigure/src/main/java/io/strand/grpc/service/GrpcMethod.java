package io.strand.grpc.service;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the rpc that a method of a {@link GrpcService} answers, where the method is
 * called otherwise.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface GrpcMethod {

	/**
	 * The name of the rpc as the {@code .proto} file has it, such as {@code GetFeature}.
	 * @return the name, without that of the service
	 */
	String value();

}
