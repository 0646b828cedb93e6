package io.strand.grpc.call;

import java.io.IOException;
import java.io.InputStream;

import io.grpc.KnownLength;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The answer of a call that sends one message: headers, message and end are handed to the
 * transport together, in one task on its event loop. Sent one by one from the call's
 * thread, each would take buffers of Netty on a thread that has no cache of them.
 *
 * <p>
 * A large message goes from the call's thread, which is there to serialize it. Confined
 * to the holder of the call's guard, then to the event loop.
 */
final class SingleAnswer<R> implements Runnable {

	private static final Log logger = LogFactory.getLog(SingleAnswer.class);

	private static final int LARGE_BYTES = 16 * 1024;

	private final ServerCall<?, R> transport;

	private final HandlerCall<?, ?> call;

	private final TransportLoop loop;

	private boolean direct;

	private @Nullable Metadata headers;

	private @Nullable R message;

	private @Nullable Status status;

	private @Nullable Metadata trailers;

	SingleAnswer(ServerCall<?, R> transport, HandlerCall<?, ?> call, TransportLoop loop) {
		this.call = call;
		this.transport = transport;
		this.loop = loop;
	}

	void headers(Metadata headers) {
		if (this.direct || this.headers != null) {
			flush();
			this.transport.sendHeaders(headers);
		}
		else {
			this.headers = headers;
		}
	}

	void message(R message) {
		if (this.direct || this.headers == null || this.message != null || isLarge(message)) {
			flush();
			this.transport.sendMessage(message);
		}
		else {
			this.message = message;
		}
	}

	void close(Status status, Metadata trailers) {
		if (this.direct) {
			this.transport.close(status, trailers);
		}
		else {
			this.direct = true;
			this.status = status;
			this.trailers = trailers;
			this.call.thread().answer(this.loop, this);
		}
	}

	private boolean isLarge(R message) {
		try (InputStream bytes = this.transport.getMethodDescriptor().streamResponse(message)) {
			return !(bytes instanceof KnownLength) || bytes.available() > LARGE_BYTES;
		}
		catch (IOException ex) {
			return true;
		}
	}

	/**
	 * Sends what was held back, now and from this thread, as everything after it.
	 */
	void flush() {
		if (!this.direct) {
			this.direct = true;
			send();
		}
	}

	private void send() {
		if (this.headers != null) {
			this.transport.sendHeaders(this.headers);
		}
		if (this.message != null) {
			this.transport.sendMessage(this.message);
		}
	}

	@Override
	public void run() {
		// An exception must not reach the event loop, which has answers of others to send
		try {
			send();
			if (this.status != null && this.trailers != null) {
				this.transport.close(this.status, this.trailers);
			}
		}
		catch (Throwable ex) {
			logger.error("The answer of %s could not be sent".formatted(this.call.describe()), LoggedFailure.of(ex));
			closeWithError();
		}
	}

	private void closeWithError() {
		try {
			this.transport.close(Status.INTERNAL.withDescription("The answer could not be sent"), new Metadata());
		}
		catch (IllegalStateException ex) {
			logger.debug("%s was closed before".formatted(this.call.describe()), LoggedFailure.of(ex));
		}
	}

}
