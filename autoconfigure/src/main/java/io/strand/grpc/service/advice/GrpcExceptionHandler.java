package io.strand.grpc.service.advice;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a method that says what the client is told of an exception: in a
 * {@link GrpcAdvice} for every service, in a service for its own calls. The method is
 * given the exceptions that its annotation names, else those that its parameter takes.
 *
 * <p>
 * Of the methods of a class, the one for the most specific type is chosen. It is given
 * the exception itself, or if there is no method for that, the first of its causes that
 * there is one for. Its parameters, each optional and in any order, are the exception,
 * the {@link io.strand.grpc.call.GrpcCall} and the {@link io.grpc.Metadata} that the
 * client sent. It returns one of:
 * <ul>
 * <li>{@link io.grpc.Status};
 * <li>{@link io.grpc.StatusException} or {@link io.grpc.StatusRuntimeException}, whose
 * trailers are sent too;
 * <li>any other {@link Throwable}, for the status that it or one of its causes carries;
 * <li>{@code com.google.rpc.Status}, whose details are sent too;
 * <li>{@code null}, to leave the exception to the next advice.
 * </ul>
 *
 * <p>
 * It is asked about what a callback of the handler throws and about what is given to
 * {@code StreamObserver.onError}, from any thread and in every kind of call, but not
 * about a call that has ended or was cancelled, since nobody waits for its status. A
 * {@code StatusException} or {@code StatusRuntimeException} is an answer already: only a
 * method for one of these two types is asked about it.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface GrpcExceptionHandler {

	/**
	 * The exceptions that the method is for, with their subclasses.
	 * @return types of exceptions; none for the type of the method's parameter
	 */
	Class<? extends Throwable>[] value() default {};

}
