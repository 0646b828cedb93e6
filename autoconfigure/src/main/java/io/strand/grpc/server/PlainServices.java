package io.strand.grpc.server;

import java.util.List;
import java.util.stream.Collectors;

import io.grpc.ServerServiceDefinition;
import io.strand.grpc.call.Threading;
import io.strand.grpc.service.GrpcMethodArgumentResolver;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.PlainService;
import io.strand.grpc.service.StreamValidation;

import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;

/**
 * Makes services of beans whose methods answer rpcs without a generated base class.
 */
class PlainServices {

	private final ConfigurableListableBeanFactory beans;

	private final TargetTypes types;

	private final HandlerSettingsResolver handlerSettings;

	PlainServices(ConfigurableListableBeanFactory beans, TargetTypes types, HandlerSettingsResolver handlerSettings) {
		this.beans = beans;
		this.types = types;
		this.handlerSettings = handlerSettings;
	}

	/**
	 * Makes a service.
	 * @param beanName the name of the bean
	 * @param bean the bean
	 * @param annotation what the bean says of itself, with the generated class
	 * @return the service
	 * @throws InvalidGrpcServiceException if there are mistakes, with all of them
	 */
	ServerServiceDefinition bind(String beanName, Object bean, GrpcService annotation) {
		Class<?> generated = annotation.value();
		List<GrpcMethodArgumentResolver> resolvers = this.beans.getBeanProvider(GrpcMethodArgumentResolver.class)
			.orderedStream()
			.toList();
		StreamValidation validation = this.beans.getBeanProvider(StreamValidation.class)
			.getIfAvailable(() -> StreamValidation.NONE);
		Class<?> type = this.types.of(beanName, bean);
		PlainService service = PlainService.of(bean, type, generated, resolvers, validation);
		if (service == null) {
			throw new InvalidGrpcServiceException(
					"Bean '%s' (%s) has @GrpcService(%s.class), which was not generated for a proto service."
						.formatted(beanName, type.getName(), generated.getSimpleName()),
					"Name the class that has the stubs nested in it, such as StockGrpc.class.");
		}
		this.handlerSettings.declare(service.getName(), annotation.threading());
		service.checkThreads((method) -> this.handlerSettings.apply(method).threading() == Threading.EVENT_LOOP);
		if (!service.getMistakes().isEmpty()) {
			throw new InvalidGrpcServiceException(
					"The methods of bean '%s' (%s) do not fit the proto service '%s':%s".formatted(beanName,
							type.getName(), service.getName(),
							service.getMistakes()
								.stream()
								.map((mistake) -> "%n    - ".formatted() + mistake)
								.collect(Collectors.joining())),
					"Correct the methods, or the class that @GrpcService names (%s.class)."
						.formatted(generated.getSimpleName()));
		}
		return service.getDefinition();
	}

}
