package io.strand.grpc.transport;

import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;

/**
 * Shown each connection before the negotiation of its protocol begins, the one place
 * where gRPC does. Called from any thread.
 */
@FunctionalInterface
public interface ConnectionHook {

	/**
	 * Has a part in a connection.
	 * @param transport what will speak HTTP/2 on it
	 * @param negotiation negotiates that
	 * @return what is put into the pipeline: the negotiation, or a handler that gives its
	 * place to it
	 */
	ChannelHandler begin(GrpcHttp2ConnectionHandler transport, ChannelHandler negotiation);

}
