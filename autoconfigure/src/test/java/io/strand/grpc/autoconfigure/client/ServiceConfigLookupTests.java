package io.strand.grpc.autoconfigure.client;

import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Where a name resolver brings a service config, it replaces what the channel says of
 * retry, unless it is not looked up; deadlines hold either way.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ServiceConfigLookupTests {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private final FlakyEchoService service = new FlakyEchoService();

	private final RecordingServer server = RecordingServer.start(this.service);

	private final List<NameResolverProvider> resolvers = List.of(new Resolvers("bringing", this.server.port()),
			new Resolvers("xds", this.server.port()));

	@BeforeEach
	void register() {
		this.resolvers.forEach(NameResolverRegistry.getDefaultRegistry()::register);
	}

	@AfterEach
	void close() {
		this.resolvers.forEach(NameResolverRegistry.getDefaultRegistry()::deregister);
		this.server.close();
	}

	@Test
	void theResolversServiceConfigReplacesThatOfTheChannel() {
		assertThat(attempts()).isEqualTo(2);
	}

	@Test
	void aServiceConfigIsNotLookedUpIfSaidSo() {
		assertThat(attempts("strand.client.channels.echo.service-config-lookup=false")).isEqualTo(4);
	}

	@Test
	void whatXdsReplacesIsToldOf(CapturedOutput output) {
		assertThat(attempts("strand.client.channels.echo.target=xds:///echo")).isEqualTo(2);
		assertThat(output).contains("Retry and hedging of channel 'echo' are left to its control plane");
	}

	private int attempts(String... properties) {
		this.service.failNext(100, Status.UNAVAILABLE);
		ClientContext.runner()
			.withPropertyValues("strand.client.channels.echo.target=bringing:///echo",
					"strand.client.channels.echo.deadline=1h", "strand.client.channels.echo.retry.max-attempts=4",
					"strand.client.channels.echo.retry.initial-backoff=1ms")
			.withPropertyValues(properties)
			.withBean(Caller.class)
			.run((context) -> assertThatExceptionOfType(StatusRuntimeException.class)
				.isThrownBy(() -> context.getBean(Caller.class).stub.unary(MESSAGE)));
		assertThat(this.server.lastCall().secondsLeft()).isBetween(3500L, 3600L);
		return this.server.calls().size();
	}

	static class Caller {

		final EchoBlockingStub stub;

		Caller(EchoBlockingStub stub) {
			this.stub = stub;
		}

	}

	/**
	 * Resolves to a port, with a service config that asks for two attempts.
	 */
	static class Resolvers extends NameResolverProvider {

		private static final Map<String, ?> CONFIG = Map.of("methodConfig",
				List.of(Map.of("name", List.of(Map.of()), "retryPolicy",
						Map.of("maxAttempts", 2.0, "initialBackoff", "0.001s", "maxBackoff", "1s", "backoffMultiplier",
								1.0, "retryableStatusCodes", List.of("UNAVAILABLE")))));

		private final String scheme;

		private final int port;

		Resolvers(String scheme, int port) {
			this.scheme = scheme;
			this.port = port;
		}

		@Override
		public NameResolver newNameResolver(URI target, NameResolver.Args args) {
			return new NameResolver() {

				@Override
				public String getServiceAuthority() {
					return "localhost";
				}

				@Override
				public void start(Listener2 listener) {
					EquivalentAddressGroup address = new EquivalentAddressGroup(
							new InetSocketAddress("localhost", Resolvers.this.port));
					listener.onResult(ResolutionResult.newBuilder()
						.setAddressesOrError(StatusOr.fromValue(List.of(address)))
						.setServiceConfig(args.getServiceConfigParser().parseServiceConfig(CONFIG))
						.build());
				}

				@Override
				public void shutdown() {
				}

			};
		}

		@Override
		protected boolean isAvailable() {
			return true;
		}

		@Override
		protected int priority() {
			return 9;
		}

		@Override
		public String getDefaultScheme() {
			return this.scheme;
		}

	}

}
