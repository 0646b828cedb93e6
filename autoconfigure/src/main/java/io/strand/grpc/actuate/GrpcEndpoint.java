package io.strand.grpc.actuate;

import java.util.List;
import java.util.function.Supplier;

import io.grpc.Status;
import io.strand.grpc.call.LiveCall;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * Shows the gRPC server, its calls and the channels. What changes something is there only
 * with {@code management.endpoint.grpc.access=unrestricted}. Thread-safe.
 */
@Endpoint(id = "grpc", defaultAccess = Access.READ_ONLY)
public class GrpcEndpoint {

	private static final Log logger = LogFactory.getLog(GrpcEndpoint.class);

	private static final String SERVER = "server";

	private static final String CALLS = "calls";

	private static final String CHANNELS = "channels";

	private static final String DRAIN = "drain";

	private final @Nullable ServerView server;

	private final Supplier<List<ChannelDescriptor>> channels;

	/**
	 * Makes an endpoint.
	 * @param server the server, if there is one
	 * @param channels the channels as they are when asked for
	 */
	public GrpcEndpoint(@Nullable ServerView server, Supplier<List<ChannelDescriptor>> channels) {
		this.server = server;
		this.channels = channels;
	}

	/**
	 * All that there is.
	 * @return server, calls and channels
	 */
	@ReadOperation
	public GrpcDescriptor grpc() {
		ServerView current = this.server;
		return new GrpcDescriptor((current != null) ? ServerDescriptor.of(current) : null,
				(current != null) ? CallsDescriptor.of(current.engine().liveCalls()) : null, this.channels.get());
	}

	/**
	 * A part of it.
	 * @param part {@code server}, {@code calls} or {@code channels}
	 * @return the part, or {@code null} if there is none
	 */
	@ReadOperation
	public @Nullable Object part(@Selector String part) {
		ServerView current = this.server;
		return switch (part) {
			case SERVER -> (current != null) ? ServerDescriptor.of(current) : null;
			case CALLS -> (current != null) ? CallsDescriptor.of(current.engine().liveCalls()) : null;
			case CHANNELS -> this.channels.get();
			default -> null;
		};
	}

	/**
	 * One call, with the stack of its thread.
	 * @param part {@code calls}
	 * @param id the number of the call
	 * @return the call, or {@code null} if it does not live
	 */
	@ReadOperation
	public @Nullable CallDescriptor call(@Selector String part, @Selector long id) {
		if (!part.equals(CALLS) || this.server == null) {
			return null;
		}
		for (LiveCall call : this.server.engine().liveCalls()) {
			if (call.id() == id) {
				return CallDescriptor.withStack(call);
			}
		}
		return null;
	}

	/**
	 * Has traffic go elsewhere: readiness refuses it, and streams that have asked to be
	 * told are.
	 * @param action {@code drain}
	 */
	@WriteOperation
	public void act(@Selector String action) {
		if (!action.equals(DRAIN) || this.server == null) {
			throw new InvalidEndpointRequestException("There is nothing to '%s'".formatted(action),
					"Use 'drain', in an application with a gRPC server");
		}
		logger.info("The gRPC server is drained, as the actuator was asked to");
		this.server.drain();
	}

	/**
	 * Ends a call as CANCELLED.
	 * @param part {@code calls}
	 * @param id the number of the call
	 * @return what became of it
	 */
	@DeleteOperation
	public CancelledCall cancel(@Selector String part, @Selector long id) {
		if (!part.equals(CALLS) || this.server == null) {
			throw new InvalidEndpointRequestException("'%s' cannot be cancelled".formatted(part),
					"Use 'calls' and the number of one, in an application with a gRPC server");
		}
		boolean cancelled = this.server.engine()
			.cancel(id, Status.CANCELLED.withDescription("Cancelled by an operator of the server"));
		if (cancelled) {
			logger.info("Call %d is cancelled, as the actuator was asked to".formatted(id));
		}
		return new CancelledCall(id, cancelled);
	}

	/**
	 * What an application has of gRPC.
	 *
	 * @param server its server, if it has one
	 * @param calls the calls that the server has
	 * @param channels its channels
	 */
	public record GrpcDescriptor(@Nullable ServerDescriptor server, @Nullable CallsDescriptor calls,
			List<ChannelDescriptor> channels) {

	}

	/**
	 * What became of a call that was to be cancelled.
	 *
	 * @param id its number
	 * @param cancelled whether it was there, and is cancelled
	 */
	public record CancelledCall(long id, boolean cancelled) {

	}

}
