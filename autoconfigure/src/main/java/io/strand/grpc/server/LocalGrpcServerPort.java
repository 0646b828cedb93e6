package io.strand.grpc.server;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.beans.factory.annotation.Value;

/**
 * Injects the TCP port that the gRPC server listens on, which is the way to learn a
 * random one ({@code strand.server.port=0}). Short for
 * {@code @Value("${local.grpc.server.port}")}; there is a value once the server has
 * started, as in a test's field.
 */
@Target({ ElementType.FIELD, ElementType.METHOD, ElementType.PARAMETER, ElementType.ANNOTATION_TYPE })
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Value("${local.grpc.server.port}")
public @interface LocalGrpcServerPort {

}
