package io.strand.grpc.autoconfigure.server;

import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.security.Principal;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.security.AuthenticationArgument;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.service.GrpcMethodArgumentResolver;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.ClientStream;
import io.strand.grpc.testing.Feature;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Point;
import io.strand.grpc.testing.Rectangle;
import io.strand.grpc.testing.RouteNote;
import io.strand.grpc.testing.RouteSummary;
import io.strand.grpc.testing.RoutesGrpc;
import io.strand.grpc.testing.TestClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextImpl;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link AuthenticationArgument}.
 */
@ExtendWith(LeakCheckExtension.class)
class AuthenticationArgumentTests {

	private static final Metadata.Key<String> USER = Metadata.Key.of("user", Metadata.ASCII_STRING_MARSHALLER);

	private final ApplicationContextRunner runner = ServerContext.runner();

	@Test
	void methodsGetTheCallerOfTheirCall() {
		this.runner.withUserConfiguration(WhoAmI.class, Login.class).run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThat(stub(client, "ann").getFeature(Point.getDefaultInstance()).getName()).isEqualTo("ann");
				assertThat(stub(client, "bob").listFeatures(Rectangle.getDefaultInstance()).next().getName())
					.isEqualTo("bob");
				assertThat(stub(client, null).getFeature(Point.getDefaultInstance()).getName()).isEqualTo("nobody");
			}
		});
	}

	@Test
	void withoutSpringSecurityNobodyProvidesIt() {
		this.runner.withUserConfiguration(WhoAmI.class)
			.withClassLoader(new FilteredClassLoader(Authentication.class))
			.run((context) -> assertThat(context).getFailure()
				.hasMessageContaining("Authentication")
				.hasMessageContaining("Principal"));
	}

	@Test
	void resolverOfTheApplicationIsAskedFirst() {
		this.runner.withUserConfiguration(WhoAmI.class, Login.class)
			.withBean(GrpcMethodArgumentResolver.class, Alias::new)
			.run((context) -> {
				try (TestClient client = ServerContext.client(context)) {
					assertThat(stub(client, "ann").listFeatures(Rectangle.getDefaultInstance()).next().getName())
						.isEqualTo("an alias");
					assertThat(stub(client, "ann").getFeature(Point.getDefaultInstance()).getName()).isEqualTo("ann");
				}
			});
	}

	@Test
	void ownArgumentReplacesThatOfStrand() {
		AuthenticationArgument own = new AuthenticationArgument();
		this.runner.withUserConfiguration(WhoAmI.class)
			.withBean(AuthenticationArgument.class, () -> own)
			.run((context) -> assertThat(context).getBean(AuthenticationArgument.class).isSameAs(own));
	}

	@Test
	void onlyWhatAnyCallerIsCanBeAskedFor() throws Exception {
		AuthenticationArgument argument = new AuthenticationArgument();
		Method method = AuthenticationArgumentTests.class.getDeclaredMethod("parameters", Authentication.class,
				Principal.class, TestingAuthenticationToken.class, Object.class);
		assertThat(method.getParameters()).extracting(argument::supports).containsExactly(true, true, false, false);
	}

	static void parameters(Authentication any, Principal too, TestingAuthenticationToken one, Object anything) {
	}

	private static RoutesGrpc.RoutesBlockingStub stub(TestClient client, @Nullable String user) {
		Metadata headers = new Metadata();
		if (user != null) {
			headers.put(USER, user);
		}
		return RoutesGrpc.newBlockingStub(client.channel())
			.withDeadlineAfter(10, TimeUnit.SECONDS)
			.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
	}

	@GrpcService(RoutesGrpc.class)
	static class WhoAmI {

		Feature getFeature(Point point, @Nullable Authentication caller) {
			return named(caller);
		}

		List<Feature> listFeatures(Principal caller, Rectangle area) {
			return List.of(named(caller));
		}

		RouteSummary recordRoute(ClientStream<Point> points) {
			throw new UnsupportedOperationException();
		}

		void routeChat(BidiStream<RouteNote, RouteNote> notes) {
			throw new UnsupportedOperationException();
		}

		private static Feature named(@Nullable Principal caller) {
			return Feature.newBuilder().setName((caller != null) ? caller.getName() : "nobody").build();
		}

	}

	/** An application's own way to know the caller. */
	static class Alias implements GrpcMethodArgumentResolver {

		@Override
		public boolean supports(Parameter parameter) {
			return parameter.getType() == Principal.class;
		}

		@Override
		public Object resolve(GrpcCall call) {
			return (Principal) () -> "an alias";
		}

	}

	/** Believes what the client says. */
	@GrpcGlobalServerInterceptor
	static class Login implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			String user = headers.get(USER);
			return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {

				@Override
				public void onHalfClose() {
					if (user != null) {
						SecurityContextHolder
							.setContext(new SecurityContextImpl(new TestingAuthenticationToken(user, "")));
					}
					try {
						super.onHalfClose();
					}
					finally {
						SecurityContextHolder.clearContext();
					}
				}

			};
		}

	}

}
