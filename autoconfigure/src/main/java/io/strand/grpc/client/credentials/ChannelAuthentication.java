package io.strand.grpc.client.credentials;

import io.grpc.CallCredentials;
import org.jspecify.annotations.Nullable;

/**
 * Which credentials the calls of a channel get, and whether any are sent without
 * encryption. Immutable.
 */
public final class ChannelAuthentication {

	/** What sets nothing. */
	public static final ChannelAuthentication UNSET = new ChannelAuthentication(null, null);

	private static final Source NO_CREDENTIALS = () -> null;

	private final @Nullable Source source;

	private final @Nullable Boolean allowPlaintext;

	private ChannelAuthentication(@Nullable Source source, @Nullable Boolean allowPlaintext) {
		this.source = source;
		this.allowPlaintext = allowPlaintext;
	}

	/**
	 * The same credentials for all calls.
	 * @param credentials such as {@link AuthorizationCredentials#bearer(String)}
	 * @return what a channel is given
	 */
	public static ChannelAuthentication of(CallCredentials credentials) {
		return of(() -> credentials);
	}

	/**
	 * Credentials that depend on the thread that starts the call.
	 * @param source told of each call
	 * @return what a channel is given
	 */
	public static ChannelAuthentication of(Source source) {
		return new ChannelAuthentication(source, null);
	}

	/**
	 * No credentials, also if the channel could inherit some.
	 * @return what a channel is given
	 */
	public static ChannelAuthentication none() {
		return new ChannelAuthentication(NO_CREDENTIALS, null);
	}

	/**
	 * Says whether credentials, those of the channel and those of single calls, are sent
	 * over a connection that is not encrypted. Otherwise only a channel inside this
	 * machine, by a Unix domain socket, in-process or to the application itself, sends
	 * them.
	 * @param allowPlaintext the value; {@code null} to inherit it
	 * @return these settings with that one changed
	 */
	public ChannelAuthentication allowPlaintext(@Nullable Boolean allowPlaintext) {
		return new ChannelAuthentication(this.source, allowPlaintext);
	}

	/**
	 * These settings, where they set something, else the parent's.
	 * @param parent the settings to inherit from
	 * @return the settings of both
	 */
	public ChannelAuthentication inherit(ChannelAuthentication parent) {
		return new ChannelAuthentication((this.source != null) ? this.source : parent.source,
				(this.allowPlaintext != null) ? this.allowPlaintext : parent.allowPlaintext);
	}

	@Nullable CallCredentials forCall() {
		return (this.source != null) ? this.source.forCall() : null;
	}

	/**
	 * Whether calls may get credentials.
	 * @return {@code false} if there never are any
	 */
	public boolean hasCredentials() {
		return this.source != null && this.source != NO_CREDENTIALS;
	}

	/**
	 * Whether credentials may be sent without encryption.
	 * @return {@code false} if nothing was said
	 */
	public boolean isPlaintextAllowed() {
		return Boolean.TRUE.equals(this.allowPlaintext);
	}

	/**
	 * Where the credentials of a call come from. Thread-safe.
	 */
	@FunctionalInterface
	public interface Source {

		/**
		 * Called by the thread that starts a call. Does not block: what takes time is for
		 * the credentials to do.
		 * @return the credentials of the call or {@code null} for none
		 */
		@Nullable CallCredentials forCall();

	}

}
