package io.strand.grpc.service;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import io.grpc.ServerInterceptor;
import io.strand.grpc.call.Threading;

import org.springframework.core.annotation.AliasFor;
import org.springframework.stereotype.Component;

/**
 * Marks a gRPC service: a class that extends a generated {@code …ImplBase}, or a
 * {@code @Bean} method that returns one. The service is a bean like any other and is
 * registered on the application's one gRPC server.
 *
 * <p>
 * A service is called by many calls at the same time: like any singleton it keeps the
 * state of a call in the call, not in its fields.
 */
@Target({ ElementType.TYPE, ElementType.METHOD })
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Component
public @interface GrpcService {

	/**
	 * The name of the bean, where the annotation is on a class. Without it the bean is
	 * named after the class. On a {@code @Bean} method, the name is {@code @Bean}'s.
	 * @return the name of the bean
	 */
	@AliasFor(annotation = Component.class, attribute = "value")
	String beanName() default "";

	/**
	 * Interceptors of this service alone, by type. They run after the global ones, in the
	 * order given here. The bean of the type is used; if there is none, one is created
	 * with its dependencies injected.
	 * @return types of interceptors
	 */
	Class<? extends ServerInterceptor>[] interceptors() default {};

	/**
	 * Interceptors of this service alone, by bean name. They run after
	 * {@link #interceptors()}, in the order given here.
	 * @return names of interceptor beans
	 */
	String[] interceptorNames() default {};

	/**
	 * Global interceptors that this service opts out of: those that are an instance of
	 * one of these types. {@code ServerInterceptor.class} stands for all of them.
	 * @return types of global interceptors
	 */
	Class<? extends ServerInterceptor>[] excludedInterceptors() default {};

	/**
	 * The kind of thread that the calls of this service run on. A property for the
	 * service or one of its methods has the last word.
	 * @return the kind of thread; {@link Threading#AUTO} for what the server is
	 * configured for
	 */
	Threading threading() default Threading.AUTO;

}
