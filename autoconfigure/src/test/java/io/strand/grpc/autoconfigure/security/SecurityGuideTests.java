package io.strand.grpc.autoconfigure.security;

import java.nio.file.Path;
import java.util.Map;

import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.call.PeerCertificate;
import io.strand.grpc.security.CertificateName;
import io.strand.grpc.security.GrpcCallRules;
import io.strand.grpc.security.GrpcSecurity;
import io.strand.grpc.security.GrpcSecurityPolicy;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestAuthority;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.core.Authentication;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the guide's page about the security of the server shows.
 */
@ExtendWith(LeakCheckExtension.class)
class SecurityGuideTests {

	private static final Metadata.Key<String> API_KEY = Metadata.Key.of("api-key", Metadata.ASCII_STRING_MARSHALLER);

	private final ApplicationContextRunner runner = SecuredContext.runner()
		.withUserConfiguration(SecuredContext.Users.class);

	@Test
	void rules() {
		this.runner.withUserConfiguration(Rules.class).withBean(EchoService.class).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(call(client, SecuredContext.basic("ann", "secret"))).isEqualTo(Code.OK);
				assertThat(call(client, SecuredContext.basic("bob", "a:b:c"))).isEqualTo(Code.PERMISSION_DENIED);
				assertThat(call(client)).isEqualTo(Code.UNAUTHENTICATED);
				Outcome open = Outcome.of(client.channel(), EchoGrpc.getServerStreamMethod(), CallOptions.DEFAULT,
						Message.getDefaultInstance());
				assertThat(open.status().getCode()).isEqualTo(Code.OK);
			}
		});
	}

	private static Code call(TestClient client, String... authorization) {
		return SecuredContext.call(client, authorization).status().getCode();
	}

	@Test
	void keysAndCertificates(@TempDir Path directory) {
		TestAuthority authority = TestAuthority.in(directory);
		Path server = authority.issue("server", "localhost");
		Path shop = authority.issueFor("shop", "uri:spiffe://example.org/shop");
		this.runner.withUserConfiguration(Keys.class)
			.withBean(PeerName.class)
			.withPropertyValues(authority.bundleOf("server", server))
			.withPropertyValues("strand.server.ssl.bundle=server", "strand.server.ssl.client-auth=want")
			.run((context) -> {
				int port = context.getBean(GrpcServer.class).getPort();
				TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder()
					.trustManager(authority.trustManagers());
				try (TestClient known = TestClient.tcp(port,
						credentials.keyManager(TestAuthority.keyManagers(shop)).build())) {
					Outcome outcome = SecuredContext.call(known);
					assertThat(outcome.status().isOk()).isTrue();
					assertThat(outcome.messages().get(0).getText()).isEqualTo("spiffe://example.org/shop");
				}
				try (TestClient unknown = TestClient.tcp(port,
						TlsChannelCredentials.newBuilder().trustManager(authority.trustManagers()).build())) {
					assertThat(call(unknown)).isEqualTo(Code.UNAUTHENTICATED);
					assertThat(withKey(unknown, "wrong")).isEqualTo(Code.UNAUTHENTICATED);
					assertThat(withKey(unknown, "k-1")).isEqualTo(Code.OK);
				}
			});
	}

	private static Code withKey(TestClient client, String key) {
		Metadata headers = new Metadata();
		headers.put(API_KEY, key);
		return Outcome
			.of(ClientInterceptors.intercept(client.channel(), MetadataUtils.newAttachHeadersInterceptor(headers)),
					SecuredContext.UNARY, CallOptions.DEFAULT, Message.getDefaultInstance())
			.status()
			.getCode();
	}

	@Configuration(proxyBeanMethods = false)
	static class Rules {

		// tag::rules[]
		@Bean
		GrpcSecurityPolicy policy(GrpcSecurity grpc) {
			return grpc.httpBasic().authorizeCalls(this::rules).build();
		}

		private void rules(GrpcCallRules calls) {
			calls.service("strand.testing.Echo").hasRole("CLERK");
			calls.method("strand.testing.Echo/ServerStream").permitAll();
			calls.anyCall().authenticated();
		}
		// end::rules[]

	}

	@Configuration(proxyBeanMethods = false)
	static class Keys {

		// tag::more[]
		@Bean
		GrpcSecurityPolicy policy(GrpcSecurity grpc, AuthenticationManager apiKeys) {
			return grpc.mutualTls((certificates) -> certificates.principal(CertificateName.URI)) // spiffe://…
				.authentication((call, headers) -> apiKey(headers.get(API_KEY)), apiKeys)
				.build();
		}

		private Authentication apiKey(String key) {
			return (key != null) ? new TestingAuthenticationToken("anonymous", key) : null;
		}
		// end::more[]

		@Bean
		AuthenticationManager apiKeys() {
			Map<String, String> owners = Map.of("k-1", "warehouse");
			return (claim) -> {
				String owner = owners.get(String.valueOf(claim.getCredentials()));
				if (owner == null) {
					throw new BadCredentialsException("No such key");
				}
				return new TestingAuthenticationToken(owner, null, "ROLE_PARTNER");
			};
		}

	}

	@GrpcService
	static class PeerName extends EchoGrpc.EchoImplBase {

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			// tag::peer[]
			PeerCertificate peer = PeerCertificate.of(GrpcCall.current().attributes());
			String caller = (peer != null) ? peer.name() : "nobody";
			// end::peer[]
			responses.onNext(Message.newBuilder().setText(caller).build());
			responses.onCompleted();
		}

	}

}
