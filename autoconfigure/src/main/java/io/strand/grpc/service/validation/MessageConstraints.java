package io.strand.grpc.service.validation;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.grpc.ServerCallHandler;
import io.strand.grpc.service.StreamParameter;
import io.strand.grpc.service.StreamValidation;
import jakarta.validation.ConstraintViolation;
import jakarta.validation.ConstraintViolationException;
import jakarta.validation.ValidationException;
import jakarta.validation.Validator;
import jakarta.validation.metadata.MethodDescriptor;
import jakarta.validation.metadata.ParameterDescriptor;
import org.jspecify.annotations.Nullable;

import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.objenesis.SpringObjenesis;
import org.springframework.validation.annotation.ValidationAnnotationUtils;
import org.springframework.validation.beanvalidation.MethodValidationAdapter;

/**
 * Validates messages by the constraints of Jakarta Validation that a method declares for
 * its stream, such as {@code ClientStream<@Sellable Booking>}. There is no way to ask for
 * the constraints of a type argument alone, so each message is validated as if the method
 * were called with a stream that holds just this one.
 */
public final class MessageConstraints implements StreamValidation {

	private final Supplier<@Nullable Validator> validator;

	/**
	 * Makes the validation.
	 * @param validator what validates, thread-safe; asked for when a method may need it
	 */
	public MessageConstraints(Supplier<@Nullable Validator> validator) {
		this.validator = validator;
	}

	@Override
	public @Nullable ServerCallHandler<Object, Object> validate(StreamParameter stream,
			ServerCallHandler<Object, Object> handler) {
		Validator available = this.validator.get();
		if (available == null) {
			return null;
		}
		Object target = target(stream);
		try {
			MethodDescriptor method = available.getConstraintsForClass(target.getClass())
				.getConstraintsForMethod(stream.method().getName(), stream.method().getParameterTypes());
			if (method == null || !areOnMessages(method.getParameterDescriptors().get(stream.index()))) {
				return handler;
			}
			refuseOthers(method, stream.index());
			Check check = new Check(new MethodValidationAdapter(available), target, stream.entry(), stream.index(),
					ValidationAnnotationUtils.determineValidationGroups(target, stream.entry()));
			check.violations(new ReceivedMessage(null));
			return (call, headers) -> new ValidatingListener<>(handler.startCall(call, headers), check);
		}
		catch (ValidationException ex) {
			throw new IllegalArgumentException(ex.getMessage(), ex);
		}
	}

	/**
	 * The bean behind its proxies. Of one that has a scope there may be none yet, and
	 * never the same: validators ask for no more than the class, which any instance has.
	 */
	private static Object target(StreamParameter stream) {
		Object target = stream.bean();
		Object next = target;
		while (next != null) {
			target = next;
			next = AopProxyUtils.getSingletonTarget(target);
		}
		if (!AopUtils.isAopProxy(target)) {
			return target;
		}
		if (Modifier.isAbstract(stream.type().getModifiers())) {
			throw new IllegalArgumentException("its bean has a scope, and its class is not known before a call.");
		}
		return new SpringObjenesis().newInstance(stream.type());
	}

	private static boolean areOnMessages(ParameterDescriptor stream) {
		return stream.isCascaded() || !stream.getConstrainedContainerElementTypes().isEmpty();
	}

	/**
	 * What is checked with each message is checked without the other arguments, which are
	 * not known when a message comes.
	 */
	private static void refuseOthers(MethodDescriptor method, int stream) {
		List<ParameterDescriptor> parameters = method.getParameterDescriptors();
		boolean others = parameters.stream()
			.filter((parameter) -> parameter.getIndex() != stream)
			.anyMatch((parameter) -> parameter.hasConstraints() || areOnMessages(parameter));
		if (others || method.getCrossParameterDescriptor().hasConstraints()) {
			throw new IllegalArgumentException("it has constraints on other parameters, too, which would have to be "
					+ "checked with each message. Leave those to the code of the method.");
		}
	}

	/**
	 * Checks a message. Thread-safe.
	 *
	 * @param validator what validates
	 * @param target an instance of the class of the method
	 * @param method the method, as Spring would call it
	 * @param index the position of the stream
	 * @param groups what {@code @Validated} says
	 */
	private record Check(MethodValidationAdapter validator, Object target, Method method, int index,
			Class<?>[] groups) implements Consumer<Object> {

		@Override
		public void accept(Object message) {
			Set<ConstraintViolation<Object>> violations = violations(new ReceivedMessage(message));
			if (!violations.isEmpty()) {
				throw new ConstraintViolationException(violations);
			}
		}

		Set<ConstraintViolation<Object>> violations(ReceivedMessage stream) {
			@Nullable Object[] arguments = new Object[this.method.getParameterCount()];
			arguments[this.index] = stream;
			return this.validator.invokeValidatorForArguments(this.target, this.method, arguments, this.groups);
		}

	}

}
