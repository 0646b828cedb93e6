package io.strand.grpc.client;

import java.net.Socket;
import java.nio.file.Path;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509ExtendedKeyManager;

import io.grpc.BindableService;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.testing.TestAuthority;
import org.jspecify.annotations.Nullable;

/**
 * A {@link RecordingServer} with TLS, whose certificate can be replaced while it runs,
 * and which knows the certificate of the last caller.
 */
public final class SecureServer implements AutoCloseable {

	private final ReplaceableKey key = new ReplaceableKey();

	private final RecordingServer server;

	private volatile @Nullable String lastPeer;

	/**
	 * Starts on a free port of the loopback interface.
	 * @param authority who must have signed the clients' certificates
	 * @param identity the server's own certificate
	 * @param clients whether clients need one
	 * @param services what it serves
	 */
	public SecureServer(TestAuthority authority, Path identity, ClientAuth clients, BindableService... services) {
		replaceCertificate(identity);
		this.server = RecordingServer.start(
				NettyServerBuilder
					.forPort(0,
							TlsServerCredentials.newBuilder()
								.keyManager(this.key)
								.trustManager(authority.trustManagers())
								.clientAuth(clients)
								.build())
					.intercept(new Peers()),
				services);
	}

	public void replaceCertificate(Path identity) {
		this.key.current = (X509ExtendedKeyManager) TestAuthority.keyManagers(identity)[0];
	}

	public RecordingServer recording() {
		return this.server;
	}

	public String target() {
		return this.server.target();
	}

	/**
	 * The distinguished name of who made the last call.
	 * @return the name, or {@code null} if it had no certificate
	 */
	public @Nullable String lastPeer() {
		return this.lastPeer;
	}

	@Override
	public void close() {
		this.server.close();
	}

	private final class Peers implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			SecureServer.this.lastPeer = peer(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
			return next.startCall(call, headers);
		}

		private static @Nullable String peer(@Nullable SSLSession session) {
			try {
				return (session != null) ? session.getPeerPrincipal().getName() : null;
			}
			catch (SSLPeerUnverifiedException ex) {
				return null;
			}
		}

	}

	/**
	 * Asked at each handshake.
	 */
	private static final class ReplaceableKey extends X509ExtendedKeyManager {

		private volatile X509ExtendedKeyManager current;

		@Override
		public String[] getClientAliases(String keyType, Principal[] issuers) {
			return this.current.getClientAliases(keyType, issuers);
		}

		@Override
		public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
			return this.current.chooseClientAlias(keyTypes, issuers, socket);
		}

		@Override
		public String[] getServerAliases(String keyType, Principal[] issuers) {
			return this.current.getServerAliases(keyType, issuers);
		}

		@Override
		public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
			return this.current.chooseServerAlias(keyType, issuers, socket);
		}

		@Override
		public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
			return this.current.chooseEngineServerAlias(keyType, issuers, engine);
		}

		@Override
		public X509Certificate[] getCertificateChain(String alias) {
			return this.current.getCertificateChain(alias);
		}

		@Override
		public PrivateKey getPrivateKey(String alias) {
			return this.current.getPrivateKey(alias);
		}

	}

}
