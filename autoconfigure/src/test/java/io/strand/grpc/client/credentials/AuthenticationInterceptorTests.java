package io.strand.grpc.client.credentials;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What a server thinks of the credentials. What it is sent is in
 * {@code ChannelAuthenticationTests}.
 */
@ExtendWith(LeakCheckExtension.class)
class AuthenticationInterceptorTests {

	private static final String NAME = "authentication-interceptor-tests";

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private final RecordingServer server = RecordingServer
		.start(InProcessServerBuilder.forName(NAME).intercept(new RefusesFirst()), new EchoService());

	private final AtomicInteger fetches = new AtomicInteger();

	private final FetchedToken token = new FetchedToken(
			() -> new AccessToken("t" + this.fetches.incrementAndGet(), null), FetchedToken.PATIENCE, Duration.ZERO);

	private ManagedChannel channel;

	@AfterEach
	void close() throws Exception {
		this.channel.shutdownNow();
		assertThat(this.channel.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
		this.server.close();
	}

	@Test
	void aRefusedTokenOfTheChannelIsReplacedForTheNextCall() {
		EchoBlockingStub stub = stub(ChannelAuthentication.of(this.token));
		assertRefused(stub);
		assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE);
		assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE);
		assertThat(this.fetches).hasValue(2);
	}

	@Test
	void aRefusedTokenOfACallIsReplacedForTheNextOne() {
		EchoBlockingStub stub = stub(ChannelAuthentication.UNSET).withCallCredentials(this.token);
		assertRefused(stub);
		assertThat(stub.unary(MESSAGE)).isEqualTo(MESSAGE);
	}

	@Test
	void theChannelsTokenIsKeptIfItWasNotTheOneThatWasRefused() {
		EchoBlockingStub stub = stub(ChannelAuthentication.of(this.token));
		assertRefused(stub.withCallCredentials(AuthorizationCredentials.bearer("t1")));
		assertThat(this.fetches).hasValue(0);
	}

	private EchoBlockingStub stub(ChannelAuthentication authentication) {
		this.channel = InProcessChannelBuilder.forName(NAME)
			.intercept(new AuthenticationInterceptor(authentication, true, "refused"))
			.build();
		return EchoGrpc.newBlockingStub(this.channel);
	}

	private static void assertRefused(EchoBlockingStub stub) {
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> stub.unary(MESSAGE))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED));
	}

	private static final class RefusesFirst implements ServerInterceptor {

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			if ("Bearer t1".equals(headers.get(AuthorizationCredentials.AUTHORIZATION))) {
				call.close(Status.UNAUTHENTICATED, new Metadata());
				return new ServerCall.Listener<>() {
				};
			}
			return next.startCall(call, headers);
		}

	}

}
