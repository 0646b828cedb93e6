package io.strand.grpc.security;

import java.io.Serializable;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

import io.grpc.Grpc;
import io.grpc.ServerCall;
import io.strand.grpc.call.LogText;
import org.jspecify.annotations.Nullable;

/**
 * The details of an authentication by a gRPC call, as events and the audit show them.
 *
 * @param method the full name of the method that was called
 * @param peer the address of the client, empty if the transport does not tell
 */
public record GrpcCallDetails(String method, String peer) implements Serializable {

	static GrpcCallDetails of(ServerCall<?, ?> call) {
		return new GrpcCallDetails(call.getMethodDescriptor().getFullMethodName(), text(address(call)));
	}

	static @Nullable SocketAddress address(ServerCall<?, ?> call) {
		return call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
	}

	private static String text(@Nullable SocketAddress address) {
		if (address == null) {
			return "";
		}
		if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
			return inet.getAddress().getHostAddress() + ":" + inet.getPort();
		}
		return LogText.of(address.toString());
	}

}
