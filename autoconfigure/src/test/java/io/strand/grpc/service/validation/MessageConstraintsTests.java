package io.strand.grpc.service.validation;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.strand.grpc.service.PlainService;
import io.strand.grpc.service.StreamParameter;
import io.strand.grpc.service.StreamValidation;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import jakarta.validation.Constraint;
import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import jakarta.validation.Payload;
import jakarta.validation.Valid;
import jakarta.validation.Validation;
import jakarta.validation.Validator;
import jakarta.validation.ValidatorFactory;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraintvalidation.SupportedValidationTarget;
import jakarta.validation.constraintvalidation.ValidationTarget;
import jakarta.validation.executable.ExecutableValidator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import org.springframework.util.ReflectionUtils;
import org.springframework.validation.annotation.Validated;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@link MessageConstraints} applies and what it refuses at the start.
 */
class MessageConstraintsTests {

	private static final String CHAT = "'void routeChat(BidiStream<RouteNote, RouteNote>)'";

	private static final String NOBODY = CHAT + " has constraints on the messages of its stream, which nothing would "
			+ "check. Mark its class @Validated and have a Validator bean, as spring-boot-starter-validation brings one, "
			+ "or remove the constraints.";

	private static @Nullable ValidatorFactory factory;

	@BeforeAll
	static void start() {
		factory = Validation.buildDefaultValidatorFactory();
	}

	@AfterAll
	static void stop() {
		factory.close();
	}

	private static Validator validator() {
		return factory.getValidator();
	}

	private static List<String> mistakes(Object bean, @Nullable Validator validator) {
		return mistakes(bean, new MessageConstraints(() -> validator));
	}

	private static List<String> mistakes(Object bean, StreamValidation validation) {
		PlainService service = PlainService.of(bean, bean.getClass(), RoutesGrpc.class, List.of(), validation);
		assertThat(service).isNotNull();
		return service.getMistakes();
	}

	@Test
	void constraintsAreApplied() {
		assertThat(mistakes(new Constrained(), validator())).isEmpty();
		assertThat(mistakes(new Cascaded(), validator())).isEmpty();
	}

	@Validated
	static class Constrained extends RoutesWithRecord {

		void routeChat(@NotNull BidiStream<@NotNull RouteNote, RouteNote> notes) {
		}

	}

	/** As before there were constraints on type arguments. */
	@Validated
	static class Cascaded extends RoutesWithRecord {

		void routeChat(@Valid BidiStream<RouteNote, RouteNote> notes) {
		}

	}

	@Test
	void constraintsThatNothingWouldCheckAreRefused() {
		assertThat(mistakes(new Constrained(), (Validator) null)).containsExactly(NOBODY);
		assertThat(mistakes(new Constrained(), StreamValidation.NONE)).containsExactly(NOBODY);
		assertThat(mistakes(new NotValidated(), validator())).containsExactly(NOBODY);
		assertThat(mistakes(new Routes(), (Validator) null)).isEmpty();
	}

	static class NotValidated extends RoutesWithRecord {

		void routeChat(BidiStream<@NotNull RouteNote, RouteNote> notes) {
		}

	}

	@Test
	void streamsWithoutConstraintsCostNothing() {
		StreamValidation validation = new MessageConstraints(MessageConstraintsTests::validator);
		ServerCallHandler<Object, Object> handler = (call, headers) -> new ServerCall.Listener<>() {
		};
		assertThat(validation.validate(parameter(new Constrained(), "recordRoute", ClientStream.class), handler))
			.isSameAs(handler);
		assertThat(validation.validate(parameter(new Constrained(), "routeChat", BidiStream.class), handler))
			.isNotSameAs(handler);
	}

	private static StreamParameter parameter(Object bean, String name, Class<?> type) {
		Method method = ReflectionUtils.findMethod(bean.getClass(), name, type);
		return new StreamParameter(bean, bean.getClass(), method, method, 0);
	}

	@Test
	void constraintsOnOtherParametersAreRefusedBesideThoseOnMessages() {
		String reason = " receives messages that cannot be validated: it has constraints on other parameters, too, which "
				+ "would have to be checked with each message. Leave those to the code of the method.";
		assertThat(mistakes(new ConstrainedTwice(), validator()))
			.containsExactly("'void routeChat(BidiStream<RouteNote, RouteNote>, Metadata)'" + reason);
		assertThat(mistakes(new ConstrainedAcross(), validator())).containsExactly(CHAT + reason);
	}

	@Validated
	static class ConstrainedTwice extends RoutesWithoutChat {

		void routeChat(BidiStream<@NotNull RouteNote, RouteNote> notes, @NotNull Metadata headers) {
		}

		RouteSummary recordRoute(ClientStream<Point> points, @NotNull Metadata headers) {
			return RouteSummary.getDefaultInstance();
		}

	}

	@Validated
	static class ConstrainedAcross extends RoutesWithRecord {

		@Across
		void routeChat(BidiStream<@NotNull RouteNote, RouteNote> notes) {
		}

	}

	@Target(ElementType.METHOD)
	@Retention(RetentionPolicy.RUNTIME)
	@Constraint(validatedBy = Across.Check.class)
	@interface Across {

		String message() default "";

		Class<?>[] groups() default {};

		Class<? extends Payload>[] payload() default {};

		@SupportedValidationTarget(ValidationTarget.PARAMETERS)
		class Check implements ConstraintValidator<Across, Object[]> {

			@Override
			public boolean isValid(Object[] arguments, ConstraintValidatorContext context) {
				return true;
			}

		}

	}

	@Test
	void constraintsThatTheValidatorRefusesAreRefused() {
		// With the whole class, so for each of its methods
		assertThat(mistakes(new Redefined(), validator())).hasSize(2)
			.allMatch((mistake) -> mistake.contains(" receives messages that cannot be validated: HV000151: "))
			.last()
			.asString()
			.startsWith(CHAT);
	}

	interface Chat {

		void routeChat(BidiStream<RouteNote, RouteNote> notes);

	}

	@Validated
	static class Redefined extends RoutesWithRecord implements Chat {

		@Override
		public void routeChat(@NotNull BidiStream<@NotNull RouteNote, RouteNote> notes) {
		}

	}

	@Test
	void validatorThatWouldTakeTheMessagesOfStreamsIsRefused() {
		assertThat(mistakes(new Constrained(), iterating(validator())))
			.containsExactly(CHAT + " receives messages that cannot be validated: The validator does not know "
					+ StreamMessages.class.getName() + ", which META-INF/services has as a value extractor.");
	}

	/** What all validators do with what they take for any iterable. */
	private static Validator iterating(Validator validator) {
		ExecutableValidator executables = proxy(ExecutableValidator.class, validator.forExecutables(), (arguments) -> {
			for (@Nullable
			Object argument : (Object[]) arguments[2]) {
				if (argument instanceof Iterable<?> iterable) {
					iterable.forEach((element) -> {
					});
				}
			}
			return Set.of();
		}, "validateParameters");
		return proxy(Validator.class, validator, (arguments) -> executables, "forExecutables");
	}

	private static <T> T proxy(Class<T> type, T target, Answer answer, String method) {
		return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] { type },
				(proxy, called, arguments) -> called.getName().equals(method) ? answer.to(arguments)
						: called.invoke(target, arguments)));
	}

	interface Answer {

		Object to(@Nullable Object[] arguments);

	}

	abstract static class RoutesWithoutChat {

		Feature getFeature(Point point) {
			return Feature.getDefaultInstance();
		}

		List<Feature> listFeatures(Rectangle area) {
			return List.of();
		}

	}

	abstract static class RoutesWithRecord extends RoutesWithoutChat {

		RouteSummary recordRoute(ClientStream<Point> points) {
			return RouteSummary.getDefaultInstance();
		}

	}

	static class Routes extends RoutesWithRecord {

		void routeChat(BidiStream<RouteNote, RouteNote> notes) {
		}

	}

}
