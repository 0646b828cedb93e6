package io.strand.grpc.service.advice;

import io.grpc.Status;
import io.grpc.StatusException;
import org.jspecify.annotations.Nullable;

import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.dao.EmptyResultDataAccessException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.TransactionTimedOutException;

/**
 * Maps the exceptions of Spring's data access and transactions.
 */
final class DataExceptions {

	private DataExceptions() {
	}

	static @Nullable StatusException map(Throwable exception) {
		if (exception instanceof DuplicateKeyException) {
			return Status.ALREADY_EXISTS.withDescription("It exists already").asException();
		}
		if (exception instanceof DataIntegrityViolationException) {
			return Status.FAILED_PRECONDITION.withDescription("The data does not allow it").asException();
		}
		if (exception instanceof EmptyResultDataAccessException) {
			return Status.NOT_FOUND.withDescription("There is no such thing").asException();
		}
		if (exception instanceof ConcurrencyFailureException) {
			return Status.ABORTED.withDescription("The data was changed at the same time").asException();
		}
		if (exception instanceof QueryTimeoutException || exception instanceof TransactionTimedOutException) {
			return CommonExceptionMapper.timeout();
		}
		if (exception instanceof TransientDataAccessException || exception instanceof RecoverableDataAccessException
				|| exception instanceof DataAccessResourceFailureException
				|| exception instanceof CannotCreateTransactionException) {
			return Status.UNAVAILABLE.withDescription("The data cannot be reached").asException();
		}
		return null;
	}

}
