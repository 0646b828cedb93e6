package io.strand.grpc.autoconfigure.security;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

import javax.crypto.spec.SecretKeySpec;

import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.security.GrpcSecurity;
import io.strand.grpc.security.GrpcSecurityPolicy;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.security.oauth2.server.resource.autoconfigure.OAuth2ResourceServerAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.oauth2.core.DefaultOAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.jose.jws.MacAlgorithm;
import org.springframework.security.oauth2.jwt.JwsHeader;
import org.springframework.security.oauth2.jwt.JwtClaimsSet;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtEncoderParameters;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusJwtEncoder;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationConverter;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationToken;
import org.springframework.security.oauth2.server.resource.introspection.BadOpaqueTokenException;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;

import static io.strand.grpc.autoconfigure.security.SecuredContext.base64;
import static io.strand.grpc.autoconfigure.security.SecuredContext.basic;
import static io.strand.grpc.autoconfigure.security.SecuredContext.call;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the kinds of credentials, and what is wrong with them.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class CredentialsTests {

	private static final SecretKeySpec KEY = new SecretKeySpec(new byte[64], "HmacSHA256");

	private final ApplicationContextRunner runner = SecuredContext.runner()
		.withUserConfiguration(SecuredContext.Users.class)
		.withBean(WhoAmI.class);

	@Test
	void nothingThatIsWrongWithAHeaderIsAnythingButUnauthenticated(CapturedOutput output) {
		List<String[]> wrong = List.of(one("Basic"), one("Basic "), one("Basic !!!"), one("Basic YW5u"),
				one("Basic YQ="), one("Basic " + base64("ann".getBytes(StandardCharsets.UTF_8))),
				one("Basic " + base64(new byte[] { 'a', (byte) 0xff, ':', 'b' })), one(basic("ann", "")),
				one(basic("", "")), one(basic("", "secret")), one(basic("ann ", "secret")), one(basic("nobody", "x")),
				one(basic("bob", "a")), one(basic("bob", "a:b")), one(""), one(" "), one("secret"), one("Digest x"),
				one("Bearer x"), one("Basicx"), one("BasicYW5uOnNlY3JldA=="),
				one(basic("ann", "secret") + ", " + basic("ann", "secret")),
				one(basic("ann", "secret") + "," + basic("ann", "secret")),
				new String[] { basic("ann", "secret"), basic("ann", "secret") },
				new String[] { basic("ann", "wrong"), basic("ann", "secret") },
				new String[] { basic("ann", "secret"), "Bearer x" }, new String[] { "", basic("ann", "secret") },
				one(basic("a\nb\u001b[31m", "secret")), one("Basic " + "A".repeat(4000)));
		this.runner.run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				for (String[] headers : wrong) {
					Status status = call(client, headers).status();
					assertThat(status.getCode()).as(headers[0]).isEqualTo(Code.UNAUTHENTICATED);
					assertThat(status.getDescription()).isEqualTo("Authentication failed");
				}
				assertThat(name(client, basic("ann", "secret"))).isEqualTo("ann");
				assertThat(name(client, "bAsIc   " + basic("ann", "secret").substring(6) + " ")).isEqualTo("ann");
			}
		});
		assertThat(output).contains("Refused strand.testing.Echo/Unary").doesNotContain("\u001b[31m");
	}

	private static String[] one(String header) {
		return new String[] { header };
	}

	private static String name(TestClient client, String... authorization) {
		Outcome outcome = call(client, authorization);
		assertThat(outcome.status()).extracting(Status::getCode).isEqualTo(Code.OK);
		return outcome.messages().get(0).getText();
	}

	@Test
	void logSaysWhyAndNotMoreThanAFewTimesASecond(CapturedOutput output) {
		this.runner.run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				for (int i = 0; i < 300; i++) {
					call(client, "Basic !").status();
				}
			}
		});
		assertThat(output).contains("The basic credentials are not in base64");
		long lines = Stream.of(output.getOut().split("\n")).filter((line) -> line.contains("Refused ")).count();
		assertThat(lines).isBetween(5L, 200L);
	}

	@Test
	void managerThatFailsIsTheServersFaultAndSaysNothingToTheClient(CapturedOutput output) {
		this.runner.withBean("manager", AuthenticationManager.class, () -> (claimed) -> {
			throw new IllegalStateException("The directory of users is down");
		}).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				Status status = call(client, basic("ann", "secret")).status();
				assertThat(status.getCode()).isEqualTo(Code.INTERNAL);
				assertThat(status.getDescription()).isEqualTo("Access could not be checked");
			}
		});
		assertThat(output).contains("ERROR", "The directory of users is down");
	}

	@Test
	void jwtIsEnough() {
		this.runner.withUserConfiguration(Jwts.class).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(name(client, "Bearer " + jwt(KEY, "ann", "orders", 60))).isEqualTo("ann SCOPE_orders");
				assertThat(name(client, "bearer " + jwt(KEY, "ann", "orders", 60))).startsWith("ann");
				assertThat(name(client, basic("ann", "secret"))).startsWith("ann");
				SecretKeySpec other = new SecretKeySpec("x".repeat(64).getBytes(StandardCharsets.UTF_8), "HmacSHA256");
				for (String wrong : List.of("Bearer", "Bearer ", "Bearer x", "Bearer x y", "Bearer a.b.c", "Bearer ä",
						"Bearer " + jwt(other, "ann", "orders", 60), "Bearer " + jwt(KEY, "ann", "orders", -600),
						"Bearer " + jwt(KEY, "ann", "orders", 60) + ",Bearer x")) {
					assertThat(call(client, wrong).status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
				}
			}
		});
	}

	@Test
	void jwtIsConvertedAsTheApplicationSays() {
		this.runner.withUserConfiguration(Jwts.class).withBean(JwtAuthenticationConverter.class, () -> {
			JwtAuthenticationConverter converter = new JwtAuthenticationConverter();
			converter.setJwtGrantedAuthoritiesConverter((jwt) -> AuthorityUtils.createAuthorityList("from the bean"));
			return converter;
		}).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(name(client, "Bearer " + jwt(KEY, "ann", "orders", 60))).isEqualTo("ann from the bean");
			}
		});
		policy((grpc) -> grpc
			.jwt((jwt) -> jwt.decoder(decoder())
				.authenticationConverter((token) -> new JwtAuthenticationToken(token,
						AuthorityUtils.createAuthorityList("given"), "given")))
			.build()).run((context) -> {
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(name(client, "Bearer " + jwt(KEY, "ann", "orders", 60))).isEqualTo("given given");
				}
			});
	}

	@Test
	void jwtOfSpringBootsPropertiesIsEnough() {
		SecuredContext.runner()
			.withBean(WhoAmI.class)
			.withConfiguration(AutoConfigurations.of(OAuth2ResourceServerAutoConfiguration.class))
			.withPropertyValues("spring.security.oauth2.resourceserver.jwt.jwk-set-uri=http://localhost:1/keys")
			.run((context) -> {
				assertThat(context).hasSingleBean(JwtDecoder.class);
				try (TestClient client = SecuredContext.client(context)) {
					assertThat(call(client).status().getDescription()).isEqualTo("Authentication required");
					assertThat(call(client, "Bearer x").status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
				}
			});
	}

	@Test
	void tokensThatCannotBeCheckedNowAreNotWrong(CapturedOutput output) {
		this.runner.withBean(JwtDecoder.class, () -> (token) -> {
			throw new JwtException("No keys from https://issuer.example");
		}).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				Status status = call(client, "Bearer x").status();
				assertThat(status.getCode()).isEqualTo(Code.UNAVAILABLE);
				assertThat(status.getDescription()).isEqualTo("Authentication not possible at present");
			}
		});
		assertThat(output).contains("No keys from https://issuer.example");
	}

	@Test
	void opaqueTokenIsEnough() {
		this.runner.withBean(OpaqueTokenIntrospector.class, () -> (token) -> {
			if (!token.equals("good")) {
				throw new BadOpaqueTokenException("not active");
			}
			return new DefaultOAuth2AuthenticatedPrincipal("ann", Map.of("sub", "ann"),
					AuthorityUtils.createAuthorityList("SCOPE_orders"));
		}).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(name(client, "Bearer good")).startsWith("ann").contains("SCOPE_orders");
				assertThat(call(client, "Bearer bad").status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
			}
		});
	}

	@Test
	void ownCredentialsAreReadByOwnConverter() {
		Metadata.Key<String> apiKey = Metadata.Key.of("api-key", Metadata.ASCII_STRING_MARSHALLER);
		policy((grpc) -> grpc.authentication((call, headers) -> {
			String key = headers.get(apiKey);
			return (key != null) ? new TestingAuthenticationToken(Integer.parseInt(key), key) : null;
		}, (claimed) -> {
			if (!claimed.getCredentials().equals("7")) {
				throw new BadCredentialsException("unknown key");
			}
			return new TestingAuthenticationToken("seven", "", "ROLE_ANY");
		}).httpBasic().build()).run((context) -> {
			try (TestClient client = SecuredContext.client(context)) {
				assertThat(withKey(client, apiKey, "7").messages()).extracting(Message::getText)
					.containsExactly("seven ROLE_ANY");
				assertThat(withKey(client, apiKey, "8").status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
				assertThat(withKey(client, apiKey, "not a number").status().getCode()).isEqualTo(Code.UNAUTHENTICATED);
				assertThat(name(client, basic("ann", "secret"))).startsWith("ann");
			}
		});
	}

	private static Outcome withKey(TestClient client, Metadata.Key<String> key, String value) {
		Metadata headers = new Metadata();
		headers.put(key, value);
		Outcome outcome = Outcome.of(
				ClientInterceptors.intercept(client.channel(), MetadataUtils.newAttachHeadersInterceptor(headers)),
				SecuredContext.UNARY, CallOptions.DEFAULT, Message.getDefaultInstance());
		outcome.status();
		return outcome;
	}

	private ApplicationContextRunner policy(Function<GrpcSecurity, GrpcSecurityPolicy> policy) {
		return SecuredContext.withPolicy(this.runner, policy);
	}

	private static JwtDecoder decoder() {
		return NimbusJwtDecoder.withSecretKey(KEY).build();
	}

	private static String jwt(SecretKeySpec key, String subject, String scope, int seconds) {
		JwtClaimsSet claims = JwtClaimsSet.builder()
			.subject(subject)
			.claim("scope", scope)
			.issuedAt(Instant.now().minusSeconds(3600))
			.expiresAt(Instant.now().plusSeconds(seconds))
			.build();
		return NimbusJwtEncoder.withSecretKey(key)
			.build()
			.encode(JwtEncoderParameters.from(JwsHeader.with(MacAlgorithm.HS256).build(), claims))
			.getTokenValue();
	}

	@Configuration(proxyBeanMethods = false)
	static class Jwts {

		@Bean
		JwtDecoder jwtDecoder() {
			return decoder();
		}

	}

	/** Answers with the name and the authorities of the caller. */
	static class WhoAmI extends EchoService {

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			Authentication caller = SecurityContextHolder.getContext().getAuthentication();
			String authorities = String.join(" ",
					caller.getAuthorities()
						.stream()
						.map((authority) -> authority.getAuthority())
						.filter((authority) -> !authority.startsWith("FACTOR_") && !authority.startsWith("ROLE_C"))
						.toList());
			responses.onNext(Message.newBuilder().setText((caller.getName() + " " + authorities).trim()).build());
			responses.onCompleted();
		}

	}

}
