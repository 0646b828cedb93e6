package io.strand.grpc.service.advice;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.core.annotation.AliasFor;
import org.springframework.stereotype.Component;

/**
 * Marks a class whose {@link GrpcExceptionHandler} methods are for the exceptions of
 * every service. Of several, the one with the lowest {@code @Order} is asked first; a
 * service's own methods are asked before all of them.
 *
 * @see GrpcExceptionHandler
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Component
public @interface GrpcAdvice {

	/**
	 * The name of the bean. Without it the bean is named after the class.
	 * @return the name of the bean
	 */
	@AliasFor(annotation = Component.class)
	String value() default "";

}
