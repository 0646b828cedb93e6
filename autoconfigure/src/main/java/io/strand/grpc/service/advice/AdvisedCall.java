package io.strand.grpc.service.advice;

import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.strand.grpc.call.CallThreadHook;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.LoggedFailure;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * A call whose exceptions are mapped: those that its handler throws, and those that it
 * ends the call with, which arrive here as UNKNOWN with the exception as the cause and no
 * description. As thread-safe as the call it wraps.
 */
final class AdvisedCall<Q, R> extends SimpleForwardingServerCall<Q, R> {

	private static final Log logger = LogFactory.getLog(AdvisedCall.class);

	private final ExceptionResolver resolver;

	private final Metadata headers;

	/** That of the call's thread, for exceptions that come on another one. */
	private final Context context = Context.current();

	private volatile boolean closed;

	AdvisedCall(ServerCall<Q, R> call, Metadata headers, ExceptionResolver resolver) {
		super(call);
		this.headers = headers;
		this.resolver = resolver;
	}

	@Override
	public void close(Status status, Metadata trailers) {
		this.closed = true;
		Throwable late = status.getCause();
		if (late == null || status.getCode() != Status.Code.UNKNOWN || status.getDescription() != null
				|| isCancelled()) {
			super.close(status, trailers);
			return;
		}
		Answer answer = answer(late, true);
		if (answer == null) {
			super.close(status, trailers);
		}
		else {
			Metadata both = answer.trailers();
			both.merge(trailers);
			super.close(answer.status(), both);
		}
	}

	/**
	 * Ends the call with what the client is told of an exception.
	 * @param thrown what the handler threw
	 * @return whether the exception is dealt with; if not, it is left to the engine,
	 * which logs it and ends the call if it has not ended
	 */
	boolean fail(Throwable thrown) {
		if (this.closed || isCancelled()) {
			return false;
		}
		Answer answer = answer(thrown, false);
		if (answer == null) {
			return false;
		}
		try {
			this.closed = true;
			super.close(answer.status(), answer.trailers());
			return true;
		}
		catch (IllegalStateException ex) {
			logger.debug("The call was ended by another thread at the same time", LoggedFailure.of(ex));
			return false;
		}
	}

	private @Nullable Answer answer(Throwable exception, boolean late) {
		Context previous = this.context.attach();
		try {
			GrpcCall call = GrpcCall.currentOrNull();
			// None is not served by the engine
			return (call != null) ? CallThreadHook.onBehalfOf(call, () -> answer(exception, late, call)) : null;
		}
		finally {
			this.context.detach(previous);
		}
	}

	private @Nullable Answer answer(Throwable exception, boolean late, GrpcCall call) {
		Answer answer = this.resolver.resolve(exception, call, this.headers);
		if (answer == null && late) {
			ExceptionResolver.logUnhandled(exception, call);
			return new Answer(Answer.unknown(call).withCause(exception), new Metadata());
		}
		return answer;
	}

}
