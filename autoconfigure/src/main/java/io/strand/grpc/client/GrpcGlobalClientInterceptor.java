package io.strand.grpc.client;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.core.annotation.AliasFor;
import org.springframework.stereotype.Component;

/**
 * Marks an {@link io.grpc.ClientInterceptor} that intercepts the calls of every channel:
 * a class, or a {@code @Bean} method that returns one. Of several, the one with the
 * lowest {@code @Order} runs first, as the outermost. An interceptor for one channel is
 * added by a {@link GrpcChannelCustomizer}.
 */
@Target({ ElementType.TYPE, ElementType.METHOD })
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Component
public @interface GrpcGlobalClientInterceptor {

	/**
	 * The name of the bean, where the annotation is on a class.
	 * @return the name of the bean
	 */
	@AliasFor(annotation = Component.class)
	String value() default "";

}
