package io.strand.grpc.security;

import org.springframework.security.authentication.LockedException;

/**
 * A client has failed to authenticate too often for its credentials to be looked at.
 */
final class TooManyFailedAttemptsException extends LockedException {

	TooManyFailedAttemptsException(String message) {
		super(message);
	}

}
