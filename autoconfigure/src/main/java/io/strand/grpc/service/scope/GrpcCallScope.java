package io.strand.grpc.service.scope;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.core.annotation.AliasFor;

/**
 * Marks a bean that exists once per call of the server: made when the call first uses it,
 * the same on every thread of the call, never shared with another call, destroyed when
 * the call ends, however it ends. What other beans are injected with is a proxy that
 * finds the bean of the current call; without a call it throws.
 *
 * <p>
 * Threads that a handler starts are part of the call if its {@link io.grpc.Context} is
 * carried to them; then the bean is used by several threads and must be safe for that. A
 * thread that goes on after the end of the call finds its bean destroyed.
 */
@Target({ ElementType.TYPE, ElementType.METHOD })
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Scope(GrpcCallScope.NAME)
public @interface GrpcCallScope {

	/** The name of the scope. */
	String NAME = "grpc-call";

	/**
	 * What other beans are injected with.
	 * @return the kind of proxy; {@link ScopedProxyMode#NO} for the bean itself, which
	 * beans that live longer then ask an {@code ObjectProvider} for
	 */
	@AliasFor(annotation = Scope.class)
	ScopedProxyMode proxyMode() default ScopedProxyMode.TARGET_CLASS;

}
