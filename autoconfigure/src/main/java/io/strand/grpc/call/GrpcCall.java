package io.strand.grpc.call;

import java.net.SocketAddress;

import io.grpc.Attributes;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import org.jspecify.annotations.Nullable;

/**
 * The call that is being served, as its handler sees it. Safe from any thread, but for
 * the metadata, of which gRPC says that they are not: change them from one thread at a
 * time.
 */
public interface GrpcCall {

	/**
	 * The call that the current thread serves: set on the call's own thread, and carried
	 * to others with {@link io.grpc.Context}.
	 * @return the call
	 * @throws IllegalStateException if this thread serves none
	 */
	static GrpcCall current() {
		GrpcCall call = currentOrNull();
		if (call == null) {
			throw new IllegalStateException(("Thread %s serves no gRPC call: it is not the call's own, and the call's"
					+ " io.grpc.Context was not carried to it")
				.formatted(End.describe(Thread.currentThread())));
		}
		return call;
	}

	/**
	 * The call that the current thread serves, if it serves one.
	 * @return the call or {@code null}
	 */
	static @Nullable GrpcCall currentOrNull() {
		HandlerCall<?, ?> call = ServedCall.KEY.get();
		return (call != null) ? call.call().served() : null;
	}

	/**
	 * The call behind gRPC's own object, for interceptors and handlers of calls.
	 * @param call the call as gRPC hands it to an interceptor or a handler
	 * @return the call
	 * @throws IllegalStateException if the server of that call does not run on a
	 * {@link CallEngine}
	 */
	static GrpcCall of(ServerCall<?, ?> call) {
		return ServedCall.of(call);
	}

	/**
	 * The number of the call, unique in its server; the one that log lines show.
	 * @return the number
	 */
	long id();

	/**
	 * The method that was called.
	 * @return its descriptor
	 */
	MethodDescriptor<?, ?> method();

	/**
	 * Where the call came from.
	 * @return the address of the client, if the transport tells
	 */
	@Nullable SocketAddress peer();

	/**
	 * When the client stops waiting.
	 * @return the deadline, or {@code null} if it waits for ever
	 */
	@Nullable Deadline deadline();

	/**
	 * What the transport and interceptors say about the connection and the call.
	 * @return the attributes
	 */
	Attributes attributes();

	/**
	 * What the client sent along with the call.
	 * @return the request headers
	 */
	Metadata headers();

	/**
	 * Headers to send along with the response, in addition to those of interceptors. They
	 * go with the first message; what is put in later is lost, and so is all of it in a
	 * call that ends without a message.
	 * @return the response headers, to be filled
	 */
	Metadata responseHeaders();

	/**
	 * Trailers to send along with the status of the call, whatever it will be.
	 * @return the trailers, to be filled
	 */
	Metadata responseTrailers();

	/**
	 * Whether the client, the deadline, the connection or the server has cancelled the
	 * call.
	 * @return whether nobody waits for the answer any more
	 */
	boolean isCancelled();

	/**
	 * Whether the server is stopping and lets calls in flight finish.
	 * @return whether a long stream should come to its end
	 */
	boolean isDraining();

	/**
	 * Runs a task when the server begins to stop, at once if it already does. It runs on
	 * a thread of the server's and must not block.
	 * @param task what to do, such as to set a flag that a loop looks at
	 */
	void onDrain(Runnable task);

	/**
	 * Runs a task when the call is over, however it ended and after the last callback of
	 * its handler; at once if it is over. Tasks run in the reverse order of their
	 * registration, on the call's thread where it has one.
	 * @param task what to do; an exception is logged and harms nothing else
	 */
	void onEnd(Runnable task);

}
