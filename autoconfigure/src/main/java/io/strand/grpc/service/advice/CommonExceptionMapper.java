package io.strand.grpc.service.advice;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

import io.grpc.Status;
import io.grpc.StatusException;
import io.strand.grpc.call.GrpcCall;
import org.jspecify.annotations.Nullable;

import org.springframework.util.ClassUtils;

/**
 * Maps common exceptions of the JDK, Spring and Jakarta that can mean but one thing:
 *
 * <table>
 * <caption>Exceptions and what clients are told of them</caption>
 * <tr>
 * <th>Exception</th>
 * <th>Status</th>
 * </tr>
 * <tr>
 * <td>{@code AuthenticationException}, but for {@code AuthenticationServiceException}:
 * that is the server's fault</td>
 * <td>UNAUTHENTICATED</td>
 * </tr>
 * <tr>
 * <td>{@code AccessDeniedException}</td>
 * <td>PERMISSION_DENIED, or UNAUTHENTICATED if nobody is or an anonymous user</td>
 * </tr>
 * <tr>
 * <td>{@code ConstraintViolationException}, {@code MethodValidationException}, but for
 * those about return values: they are the server's fault; {@code BindException}</td>
 * <td>INVALID_ARGUMENT with {@code BadRequest}</td>
 * </tr>
 * <tr>
 * <td>{@code DuplicateKeyException}</td>
 * <td>ALREADY_EXISTS</td>
 * </tr>
 * <tr>
 * <td>{@code DataIntegrityViolationException}</td>
 * <td>FAILED_PRECONDITION</td>
 * </tr>
 * <tr>
 * <td>{@code EmptyResultDataAccessException}</td>
 * <td>NOT_FOUND</td>
 * </tr>
 * <tr>
 * <td>{@code ConcurrencyFailureException}: optimistic and pessimistic locking</td>
 * <td>ABORTED</td>
 * </tr>
 * <tr>
 * <td>{@code QueryTimeoutException}, {@code TransactionTimedOutException},
 * {@code java.util.concurrent.TimeoutException}</td>
 * <td>DEADLINE_EXCEEDED</td>
 * </tr>
 * <tr>
 * <td>{@code TransientDataAccessException}, {@code RecoverableDataAccessException},
 * {@code DataAccessResourceFailureException},
 * {@code CannotCreateTransactionException}</td>
 * <td>UNAVAILABLE</td>
 * </tr>
 * </table>
 *
 * An exception is looked at itself, also if it is wrapped as futures and reflection do,
 * but not its further causes. Everything else is left alone:
 * {@code IllegalArgumentException} or {@code UnsupportedOperationException} are the
 * server's mistakes as often as the client's. What is sent is a constant text, and for
 * invalid requests the messages of the constraints, never the text of an exception.
 */
public final class CommonExceptionMapper implements GrpcExceptionMapper {

	private final List<GrpcExceptionMapper> libraries = new ArrayList<>();

	/**
	 * Makes a mapper for the libraries that are there.
	 * @param classLoader where they are looked for
	 */
	public CommonExceptionMapper(@Nullable ClassLoader classLoader) {
		if (ClassUtils.isPresent("org.springframework.security.core.AuthenticationException", classLoader)) {
			this.libraries.add((exception, call) -> SecurityExceptions.map(exception));
		}
		if (ClassUtils.isPresent("jakarta.validation.ConstraintViolationException", classLoader)) {
			this.libraries.add((exception, call) -> ConstraintViolations.map(exception));
		}
		if (ClassUtils.isPresent("org.springframework.dao.DataAccessException", classLoader)) {
			this.libraries.add((exception, call) -> DataExceptions.map(exception));
		}
		this.libraries.add((exception, call) -> ValidationExceptions.map(exception));
		this.libraries.add((exception, call) -> (exception instanceof TimeoutException) ? timeout() : null);
	}

	@Override
	public @Nullable StatusException map(Throwable exception, GrpcCall call) {
		Throwable unwrapped = unwrap(exception);
		for (GrpcExceptionMapper library : this.libraries) {
			StatusException status = library.map(unwrapped, call);
			if (status != null) {
				return status;
			}
		}
		return null;
	}

	private static Throwable unwrap(Throwable exception) {
		Throwable current = exception;
		while (current.getCause() != null && (current instanceof ExecutionException
				|| current instanceof CompletionException || current instanceof UndeclaredThrowableException
				|| current instanceof InvocationTargetException)) {
			current = current.getCause();
		}
		return current;
	}

	static StatusException timeout() {
		return Status.DEADLINE_EXCEEDED.withDescription("The server took too long").asException();
	}

	@Override
	public String toString() {
		return "the default mapping";
	}

}
