package io.strand.grpc.service.advice;

import java.util.ArrayList;
import java.util.List;

import io.grpc.Metadata;
import io.grpc.Status;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.LogText;
import io.strand.grpc.call.LoggedFailure;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Finds what a client is told of an exception: asks the service, then each advice, then
 * the mapper, and takes the first answer. Immutable.
 *
 * @param handlers the methods of the service and of each advice, in the order in which
 * they are asked
 * @param mapper what is asked last
 */
record ExceptionResolver(List<ExceptionHandlers> handlers, @Nullable GrpcExceptionMapper mapper) {

	private static final Log logger = LogFactory.getLog(ExceptionResolver.class);

	/** More causes than this are a circle. */
	private static final int MAX_CAUSES = 50;

	/**
	 * Finds the answer to an exception, and logs that it was mapped.
	 * @param exception what a handler threw, or gave to {@code onError}
	 * @param call the call
	 * @param headers what the client sent
	 * @return the answer, or {@code null} if nothing is for the exception
	 */
	@Nullable Answer resolve(Throwable exception, GrpcCall call, Metadata headers) {
		List<Throwable> causes = causes(exception);
		for (ExceptionHandlers advice : this.handlers) {
			for (Throwable cause : causes) {
				ExceptionHandlerMethod method = advice.find(cause);
				if (method != null) {
					Answer answer = ask(method, () -> method.invoke(cause, call, headers), exception, call);
					if (answer != null) {
						return answer;
					}
					break; // left to the next advice
				}
			}
		}
		GrpcExceptionMapper last = this.mapper;
		return (last == null || ExceptionHandlerMethod.isStatus(exception.getClass())) ? null
				: ask(last, () -> last.map(exception, call), exception, call);
	}

	/**
	 * The exception and its causes, as far as they are to be looked at: what is behind a
	 * status that somebody chose is not.
	 */
	private static List<Throwable> causes(Throwable exception) {
		List<Throwable> causes = new ArrayList<>();
		Throwable current = exception;
		while (current != null && causes.size() < MAX_CAUSES) {
			causes.add(current);
			boolean chosen = ExceptionHandlerMethod.isStatus(current.getClass())
					&& Status.fromThrowable(current).getCode() != Status.Code.UNKNOWN;
			current = chosen ? null : current.getCause();
		}
		return causes;
	}

	private static @Nullable Answer ask(Object who, Question question, Throwable exception, GrpcCall call) {
		try {
			Object returned = question.ask();
			if (returned == null) {
				return null;
			}
			Answer answer = Answer.of(returned, exception, call);
			log(answer.status(), exception, call, who);
			return answer;
		}
		catch (Throwable ex) {
			logger.error("%s failed when it was told of the failure of %s".formatted(who, describe(call)),
					LoggedFailure.of(ex));
			logger.error(failure(call), LoggedFailure.of(exception));
			return new Answer(Answer.unknown(call).withCause(exception), new Metadata());
		}
	}

	/**
	 * Logs what the server is to blame for so that it is seen, and the rest for those who
	 * look for it.
	 */
	private static void log(Status status, Throwable exception, GrpcCall call, Object who) {
		switch (status.getCode()) {
			case UNKNOWN, INTERNAL, DATA_LOSS ->
				logger.error(failure(call) + told(status, who), LoggedFailure.of(exception));
			case UNAVAILABLE, DEADLINE_EXCEEDED ->
				logger.warn(failure(call) + told(status, who), LoggedFailure.of(exception));
			default -> {
				if (logger.isDebugEnabled()) {
					logger.debug(failure(call) + told(status, who), LoggedFailure.of(exception));
				}
			}
		}
	}

	private static String told(Status status, Object who) {
		return ", its client is told %s by %s".formatted(status.getCode(), who);
	}

	/**
	 * Logs an exception that nothing is for, where the engine does not.
	 * @param exception the exception
	 * @param call the call
	 */
	static void logUnhandled(Throwable exception, GrpcCall call) {
		logger.error(failure(call), LoggedFailure.of(exception));
	}

	private static String failure(GrpcCall call) {
		return "The handler of %s from %s failed".formatted(describe(call), LogText.peer(call.peer()));
	}

	static String describe(GrpcCall call) {
		return "%s (call %d)".formatted(call.method().getFullMethodName(), call.id());
	}

	private interface Question {

		@Nullable Object ask() throws Throwable;

	}

}
