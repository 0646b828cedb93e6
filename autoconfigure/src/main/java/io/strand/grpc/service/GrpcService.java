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
 * Marks a gRPC service: a class, or a {@code @Bean} method that returns one. The service
 * is a bean like any other and is registered on the application's one gRPC server.
 *
 * <p>
 * The class extends a generated {@code …ImplBase}, or it is any other and the annotation
 * names the generated class: {@code @GrpcService(RouteGuideGrpc.class)}. Then it has a
 * method for each rpc, named like it in lower camel case, or marked {@link GrpcMethod}.
 * It need not be public. The call ends when it returns or throws:
 *
 * <pre class="code">
 * Feature getFeature(Point point)                                   // unary
 * void listFeatures(Rectangle area, ServerStream&lt;Feature&gt; out)     // or returning
 * Stream&lt;Feature&gt; listFeatures(Rectangle area)                     // Stream or Iterable
 * RouteSummary recordRoute(ClientStream&lt;Point&gt; points)
 * void routeChat(BidiStream&lt;RouteNote, RouteNote&gt; notes)
 * </pre>
 *
 * A method may throw anything, and may take more parameters, in any order: the request
 * headers ({@link io.grpc.Metadata}), the {@link io.strand.grpc.call.GrpcCall}, and what
 * a {@link GrpcMethodArgumentResolver} provides. A returned {@code Stream}, and an
 * {@code Iterable} that is {@code AutoCloseable}, is closed when the call ends.
 *
 * <p>
 * All of it is checked when the application starts. Other methods are the class's own
 * affair, but for public ones that take a single request as an rpc's would: those are
 * refused, for a name that was misspelt.
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
	 * The class that gRPC's protoc plugin generated for the proto service, such as
	 * {@code RouteGuideGrpc.class}, where the annotated class does not extend a generated
	 * base class.
	 * @return the generated class; {@code void.class} if the service has a generated base
	 * class
	 */
	Class<?> value() default void.class;

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
