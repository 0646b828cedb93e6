package io.strand.grpc.client;

import io.grpc.InsecureChannelCredentials;
import io.grpc.Status;
import io.grpc.netty.shaded.io.netty.handler.ssl.NotSslRecordException;
import org.jspecify.annotations.Nullable;

/**
 * Says when a call may have failed because only one side has TLS. Immutable.
 *
 * @param plaintext whether the channel has none
 * @param remedy what to do about it, if it is the channel's fault
 */
record TlsMismatch(boolean plaintext, String remedy) {

	/** What gRPC says of a connection that the server has closed without a word. */
	private static final String CLOSED = "Network closed for unknown reason";

	/** And of one where a server answers plaintext with an alert of TLS. */
	private static final String ALERT = "First received frame was not SETTINGS. Hex dump for first 5 bytes: 1503";

	static TlsMismatch of(String name, ChannelTarget target, ChannelSettings settings) {
		boolean plaintext = settings.credentials() == null
				|| settings.credentials() instanceof InsecureChannelCredentials;
		if (name.equals(target.text())) {
			// Made while the application runs: no property is for it
			return new TlsMismatch(plaintext, "change the credentials of its ChannelSettings");
		}
		return new TlsMismatch(plaintext, "set strand.client.channels.%s.ssl.enabled=%s".formatted(name, plaintext));
	}

	/**
	 * Looks at a call that has failed.
	 * @param status how it ended
	 * @param connected whether it was sent on a connection
	 * @return what to tell, or {@code null} if TLS has nothing to do with it
	 */
	@Nullable String describe(Status status, boolean connected) {
		if (connected) {
			return null;
		}
		for (Throwable each = status.getCause(); each != null; each = each.getCause()) {
			if (each instanceof NotSslRecordException) {
				return "the channel uses TLS and the server does not: %s, or give the server TLS"
					.formatted(this.remedy);
			}
			if (this.plaintext && each.getMessage() != null && each.getMessage().startsWith(ALERT)) {
				return "the server uses TLS and the channel does not: %s".formatted(this.remedy);
			}
		}
		if (this.plaintext && status.getCause() == null && CLOSED.equals(status.getDescription())) {
			return "the server closed the connection before HTTP/2 began, as one that uses TLS does when the channel"
					+ " does not: if so, %s".formatted(this.remedy);
		}
		return null;
	}

}
