package io.strand.grpc.service.validation;

import java.util.ArrayList;
import java.util.List;

import build.buf.protovalidate.Validator;
import build.buf.protovalidate.exceptions.CompilationException;
import build.buf.protovalidate.exceptions.ValidationException;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.strand.grpc.service.ServiceDecorator;
import org.jspecify.annotations.Nullable;

/**
 * Has every request validated against the rules of protovalidate in its {@code .proto}
 * file, before the handler sees it. Requests without rules are let through unseen. Rules
 * are compiled when the server is made, so that one that cannot be is found then.
 */
public final class RequestValidation implements ServiceDecorator {

	private final Validator validator;

	private final List<String> problems = new ArrayList<>();

	/**
	 * Makes the validation.
	 * @param validator what validates, thread-safe
	 */
	public RequestValidation(Validator validator) {
		this.validator = validator;
	}

	@Override
	public ServerServiceDefinition decorate(String beanName, Object bean, ServerServiceDefinition service) {
		ServerServiceDefinition.Builder validated = ServerServiceDefinition.builder(service.getServiceDescriptor());
		service.getMethods().forEach((method) -> validated.addMethod(validated(method)));
		return validated.build();
	}

	private <Q, R> ServerMethodDefinition<Q, R> validated(ServerMethodDefinition<Q, R> method) {
		Message prototype = prototype(method.getMethodDescriptor());
		if (prototype == null || !ProtoRules.areIn(prototype.getDescriptorForType())) {
			return method;
		}
		compile(method.getMethodDescriptor().getFullMethodName(), prototype);
		ServerCallHandler<Q, R> handler = method.getServerCallHandler();
		RuleCheck check = new RuleCheck(this.validator, method.getMethodDescriptor().getFullMethodName());
		return method.withServerCallHandler(
				(call, headers) -> new ValidatingListener<>(handler.startCall(call, headers), check));
	}

	private static @Nullable Message prototype(MethodDescriptor<?, ?> method) {
		return (method.getRequestMarshaller() instanceof PrototypeMarshaller<?> marshaller
				&& marshaller.getMessagePrototype() instanceof Message message) ? message : null;
	}

	private void compile(String method, Message prototype) {
		try {
			this.validator.validate(prototype);
		}
		catch (CompilationException ex) {
			this.problems.add("The rules of %s, the request of %s: %s."
				.formatted(prototype.getDescriptorForType().getFullName(), method, ex.getMessage()));
		}
		catch (ValidationException ex) {
			// An empty message may be one that a rule cannot be applied to
		}
	}

	/**
	 * Refuses rules that cannot be compiled.
	 * @throws InvalidRequestRulesException if there are any
	 */
	@Override
	public void check() {
		if (!this.problems.isEmpty()) {
			throw new InvalidRequestRulesException(this.problems);
		}
	}

}
