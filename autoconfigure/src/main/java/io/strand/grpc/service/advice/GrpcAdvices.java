package io.strand.grpc.service.advice;

import java.util.ArrayList;
import java.util.List;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.strand.grpc.service.ServiceDecorator;
import org.jspecify.annotations.Nullable;

/**
 * Has the exceptions of every service mapped: by the service's own
 * {@link GrpcExceptionHandler} methods, by those of the advices, and by a mapper.
 */
public final class GrpcAdvices implements ServiceDecorator {

	private final List<ExceptionHandlers> advices = new ArrayList<>();

	private final List<String> problems = new ArrayList<>();

	private final @Nullable GrpcExceptionMapper mapper;

	/**
	 * Reads the methods of all advices.
	 * @param advices the beans with {@link GrpcAdvice}, in the order in which they are
	 * asked
	 * @param mapper what is asked last, if there is anything
	 */
	public GrpcAdvices(List<?> advices, @Nullable GrpcExceptionMapper mapper) {
		this.mapper = mapper;
		for (Object advice : advices) {
			add(this.advices, advice);
		}
	}

	private void add(List<ExceptionHandlers> to, Object bean) {
		ExceptionHandlers handlers = ExceptionHandlers.of(bean, this.problems);
		if (!handlers.isEmpty()) {
			to.add(handlers);
		}
	}

	@Override
	public ServerServiceDefinition decorate(String beanName, Object bean, ServerServiceDefinition service) {
		List<ExceptionHandlers> handlers = new ArrayList<>();
		add(handlers, bean);
		handlers.addAll(this.advices);
		return ServerInterceptors.intercept(service,
				new AdviceInterceptor(new ExceptionResolver(List.copyOf(handlers), this.mapper)));
	}

	/**
	 * Refuses methods that cannot be used.
	 * @throws InvalidGrpcAdviceException if there are any
	 */
	@Override
	public void check() {
		if (!this.problems.isEmpty()) {
			throw new InvalidGrpcAdviceException(this.problems);
		}
	}

	private record AdviceInterceptor(ExceptionResolver resolver) implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			AdvisedCall<Q, R> advised = new AdvisedCall<>(call, headers, this.resolver);
			try {
				return new AdvisedListener<>(next.startCall(advised, headers), advised);
			}
			catch (Throwable ex) {
				if (!advised.fail(ex)) {
					throw ex;
				}
				return new ServerCall.Listener<>() {
				};
			}
		}

	}

}
