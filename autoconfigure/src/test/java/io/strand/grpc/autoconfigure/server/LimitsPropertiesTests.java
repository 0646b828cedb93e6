package io.strand.grpc.autoconfigure.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.CallEngine;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.RawConnection;
import io.strand.grpc.testing.RawConnection.Frame;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link LimitsProperties}: that each of them holds, against clients that mean
 * no good.
 */
@Timeout(120)
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class LimitsPropertiesTests {

	private static final int PROTOCOL_ERROR = 1;

	private static final int REFUSED_STREAM = 7;

	private static final int ENHANCE_YOUR_CALM = 11;

	private static final int CANCEL = 8;

	private static final int MAX_CONCURRENT_STREAMS = 3;

	private static final int INITIAL_WINDOW_SIZE = 4;

	private static final int MAX_HEADER_LIST_SIZE = 6;

	/** What every connection begins with. */
	private static final int SMALLEST_WINDOW = 65_535;

	private static final String UNARY = "strand.testing.Echo/Unary";

	private static final String BIDI = "strand.testing.Echo/Bidi";

	private static final String CLIENT_STREAM = "strand.testing.Echo/ClientStream";

	private final ApplicationContextRunner runner = ServerContext.runner().withUserConfiguration(Services.class);

	@Test
	void defaultsAreTheDocumentedOnes() {
		LimitsProperties limits = new GrpcServerProperties().getLimits();
		assertThat(limits.getMaxConnections()).isEqualTo(10_000);
		assertThat(limits.getMaxConcurrentCalls()).isEqualTo(10_000);
		assertThat(limits.getMaxConcurrentCallsPerConnection()).isEqualTo(1000);
		assertThat(limits.getMaxWait()).isZero();
		assertThat(limits.getMaxCallDuration()).isNull();
		assertThat(limits.getMaxResets()).isEqualTo(200);
		assertThat(limits.getResetWindow()).isEqualTo(Duration.ofSeconds(30));
		assertThat(limits.getHandshakeTimeout()).isEqualTo(Duration.ofSeconds(10));
		assertThat(limits.getMaxConnectionIdle()).isEqualTo(Duration.ofMinutes(15));
		assertThat(limits.getMaxConnectionAge()).isZero();
		assertThat(limits.getMaxConnectionAgeGrace()).isEqualTo(Duration.ofMinutes(1));
		assertThat(limits.getFlowControlWindow().toMegabytes()).isOne();
		assertThat(limits.getKeepAlive().getTime()).isEqualTo(Duration.ofMinutes(5));
		assertThat(limits.getKeepAlive().getTimeout()).isEqualTo(Duration.ofSeconds(20));
		assertThat(limits.getKeepAlive().getPermitTime()).isEqualTo(Duration.ofMinutes(1));
		assertThat(limits.getKeepAlive().isPermitWithoutCalls()).isTrue();
	}

	@Test
	void oneLineSaysWhatIsOn(CapturedOutput output) {
		this.runner.run((context) -> assertThat(output).containsOnlyOnce("gRPC server limits: 10000 connections,"
				+ " 10000 calls, 1000 calls per connection, 200 resets in 30 s, handshake 10 s, idle connections 15 min,"
				+ " probes every 5 min for 20 s, clients' probes every 1 min, metadata 8192B, messages 4194304B,"
				+ " window 1048576B (off in strand.server.limits: max-connection-age, max-call-duration)"));
	}

	@Test
	void clientsAreToldOfTheDefaultsThatConcernThem() {
		this.runner.run((context) -> {
			try (RawConnection connection = RawConnection.open(port(context))) {
				ByteBuffer settings = ByteBuffer.wrap(connection.read(RawConnection.SETTINGS).payload());
				Map<Integer, Integer> told = new HashMap<>();
				while (settings.hasRemaining()) {
					told.put((int) settings.getShort(), settings.getInt());
				}
				assertThat(told).containsEntry(MAX_CONCURRENT_STREAMS, 1000)
					.containsEntry(INITIAL_WINDOW_SIZE, 1 << 20)
					.containsEntry(MAX_HEADER_LIST_SIZE, 8192);
				Frame window = connection.read(RawConnection.WINDOW_UPDATE);
				assertThat(window.stream()).isZero();
				assertThat(ByteBuffer.wrap(window.payload()).getInt()).isEqualTo((1 << 20) - SMALLEST_WINDOW);
			}
		});
	}

	@Test
	void connectionTooManyIsClosedAndMakesRoomWhenAnotherEnds(CapturedOutput output) {
		this.runner.withPropertyValues("strand.server.limits.max-connections=2").run((context) -> {
			try (RawConnection first = RawConnection.silent(port(context));
					RawConnection second = RawConnection.open(port(context))) {
				await().until(() -> ServerContext.server(context).getConnectionCount() == 2);
				long before = System.nanoTime();
				await().until(() -> {
					for (int i = 0; i < 10; i++) {
						try (RawConnection further = RawConnection.silent(port(context))) {
							further.awaitClosed();
						}
					}
					return output.toString().contains("more connections were refused")
							&& lines(output, "was refused: 2 are open") >= 5;
				});
				assertThat(lines(output, "was refused: 2 are open")).isBetween(5L, mostLinesSince(before));
				assertThat(answers(second)).isTrue();
				first.close();
				await().untilAsserted(() -> assertThat(echoes(context)).isTrue());
			}
			await().until(() -> ServerContext.server(context).getConnectionCount() == 0);
			assertThat(output).contains("was refused: 2 are open (strand.server.limits.max-connections)");
		});
	}

	@Test
	void connectionsAreCountedOnTheUnixSocketToo(@TempDir Path directory) {
		Path socket = directory.resolve("s");
		this.runner.withPropertyValues("strand.server.limits.max-connections=1", "strand.server.unix-socket=" + socket)
			.run((context) -> {
				try (TestClient unix = TestClient.unixSocket(socket)) {
					assertThat(unix.echo("hello")).isEqualTo("hello");
					try (RawConnection further = RawConnection.silent(port(context))) {
						further.awaitClosed();
					}
				}
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "PRI * HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\n" })
	void connectionThatDoesNotShakeHandsIsClosed(String said) {
		this.runner.withPropertyValues("strand.server.limits.handshake-timeout=300ms").run((context) -> {
			try (RawConnection connection = RawConnection.silent(port(context))) {
				connection.writeBytes(said.getBytes());
				connection.awaitClosed();
			}
		});
	}

	@Test
	void clientThatResetsItsCallsRapidlyLosesItsConnection() {
		this.runner.withPropertyValues("strand.server.limits.max-resets=20").run((context) -> {
			try (RawConnection connection = RawConnection.open(port(context))) {
				for (int i = 0; i < 21; i++) {
					int stream = connection.headers(BIDI);
					connection.write(RawConnection.RST_STREAM, 0, stream, RawConnection.intPayload(CANCEL));
				}
				Frame end = connection.readEnd();
				assertThat((end != null) ? end.error() : ENHANCE_YOUR_CALM).isEqualTo(ENHANCE_YOUR_CALM);
			}
			assertThat(echoes(context)).isTrue();
		});
	}

	@Test
	void clientThatMakesTheServerResetLosesItsConnection() {
		this.runner.withPropertyValues("strand.server.limits.max-resets=20").run((context) -> {
			try (RawConnection connection = RawConnection.open(port(context))) {
				connection.write(RawConnection.WINDOW_UPDATE, 0, connection.headers(BIDI), RawConnection.intPayload(0));
				assertThat(connection.read(RawConnection.RST_STREAM).error()).isEqualTo(PROTOCOL_ERROR);
				for (int i = 1; i < 21; i++) {
					int stream = connection.headers(BIDI);
					connection.write(RawConnection.WINDOW_UPDATE, 0, stream, RawConnection.intPayload(0));
				}
				Frame end = connection.readEnd();
				assertThat((end != null) ? end.error() : ENHANCE_YOUR_CALM).isEqualTo(ENHANCE_YOUR_CALM);
			}
			assertThat(echoes(context)).isTrue();
		});
	}

	@Test
	void callTooManyOnAConnectionIsRefused() {
		this.runner.withPropertyValues("strand.server.limits.max-concurrent-calls-per-connection=2").run((context) -> {
			try (RawConnection connection = RawConnection.open(port(context))) {
				connection.headers(BIDI);
				connection.headers(BIDI);
				int third = connection.headers(BIDI);
				Frame refusal = connection.read(RawConnection.RST_STREAM);
				assertThat(refusal.stream()).isEqualTo(third);
				assertThat(refusal.error()).isEqualTo(REFUSED_STREAM);
			}
		});
	}

	@Test
	void idleConnectionIsEnded() {
		this.runner.withPropertyValues("strand.server.limits.max-connection-idle=1s").run((context) -> {
			try (RawConnection connection = RawConnection.open(port(context))) {
				assertThat(new String(connection.read(RawConnection.GOAWAY).payload())).contains("max_idle");
				connection.awaitClosed();
			}
		});
	}

	@Test
	void oldConnectionIsEndedAndItsCallsAfterTheGracePeriod() {
		this.runner
			.withPropertyValues("strand.server.limits.max-connection-age=3s",
					"strand.server.limits.max-connection-age-grace=100ms")
			.run((context) -> {
				try (RawConnection connection = RawConnection.open(port(context))) {
					connection.headers(CLIENT_STREAM);
					assertThat(new String(connection.read(RawConnection.GOAWAY).payload())).contains("max_age");
					connection.awaitClosed();
					assertThat(context.getBean(Services.class).interrupted.get(10, TimeUnit.SECONDS))
						.as("the handler's call is cancelled")
						.isTrue();
				}
			});
	}

	@Test
	void clientThatProbesTooOftenLosesItsConnection() {
		this.runner.run((context) -> {
			try (RawConnection connection = RawConnection.open(port(context))) {
				probe(connection, 4);
				Frame end = connection.readEnd();
				assertThat((end != null) ? new String(end.payload()) : "too_many_pings").contains("too_many_pings");
			}
		});
		this.runner.withPropertyValues("strand.server.limits.keep-alive.permit-time=0").run((context) -> {
			try (RawConnection connection = RawConnection.open(port(context))) {
				probe(connection, 100);
				assertThat(answers(connection)).isTrue();
			}
		});
	}

	/** gRPC probes every ten seconds at most. */
	@Test
	@Tag("stress")
	void connectionThatDoesNotAnswerAProbeIsClosed() {
		this.runner
			.withPropertyValues("strand.server.limits.keep-alive.time=10s",
					"strand.server.limits.keep-alive.timeout=100ms")
			.run((context) -> {
				try (RawConnection idle = RawConnection.open(port(context));
						RawConnection busy = RawConnection.open(port(context));
						RawConnection alive = RawConnection.open(port(context))) {
					busy.headers(BIDI);
					alive.headers(BIDI);
					CallEngine engine = context.getBean(CallEngine.class);
					await().until(() -> engine.liveCalls().size() == 2);
					// Nobody reads the probes of the others
					CompletableFuture<Void> reader = CompletableFuture.runAsync(() -> readToTheEnd(alive));
					await().atMost(Duration.ofSeconds(30)).until(() -> engine.liveCalls().size() == 1);
					await().atMost(Duration.ofSeconds(30))
						.until(() -> ServerContext.server(context).getConnectionCount() == 1);
					idle.awaitClosed();
					busy.awaitClosed();
					assertThat(reader).isNotDone();
					assertThat(engine.liveCalls()).hasSize(1);
				}
			});
	}

	private static void readToTheEnd(RawConnection connection) {
		try {
			connection.awaitClosed();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static void probe(RawConnection connection, int times) throws Exception {
		for (int i = 0; i < times; i++) {
			connection.write(RawConnection.PING, 0, 0, new byte[8]);
		}
	}

	@Test
	void callTooManyInTheServerIsRefusedAndLogged(CapturedOutput output) {
		this.runner.withPropertyValues("strand.server.limits.max-concurrent-calls=1").run((context) -> {
			Services services = context.getBean(Services.class);
			try (TestClient client = ServerContext.client(context)) {
				EchoGrpc.newStub(client.channel()).clientStream(new Nobody());
				assertThat(services.entered.await(5, TimeUnit.SECONDS)).isTrue();
				long before = System.nanoTime();
				await().until(() -> {
					for (int i = 0; i < 20; i++) {
						assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> client.echo("hello"))
							.extracting((ex) -> ex.getStatus().getCode())
							.isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
					}
					return output.toString().contains("more calls were refused at a limit")
							&& lines(output, "was refused: Handler limit") >= 5;
				});
				assertThat(output).contains("was refused: Handler limit reached for " + UNARY);
				assertThat(lines(output, "was refused: Handler limit")).isBetween(5L, mostLinesSince(before));
				services.release.countDown();
			}
		});
	}

	@Test
	void whatAClientWroteForgesNoLineOfTheLog(CapturedOutput output) {
		this.runner.run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				assertThatExceptionOfType(StatusRuntimeException.class)
					.isThrownBy(() -> client.echo("fail: \n2026-01-01 ERROR forged"));
			}
			assertThat(output).contains("java.lang.IllegalStateException: fail: \\n2026-01-01 ERROR forged");
			assertThat(lines(output, "forged")).isOne();
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "max-connections", "max-concurrent-calls", "max-concurrent-calls-per-connection",
			"max-resets", "handshake-timeout", "max-connection-idle", "max-connection-age", "keep-alive.time",
			"keep-alive.permit-time", "max-call-duration" })
	void zeroTurnsItOff(String property, CapturedOutput output) {
		this.runner.withPropertyValues("strand.server.limits." + property + "=0").run((context) -> {
			assertThat(echoes(context)).isTrue();
			assertThat(output.toString()
				.lines()
				.filter((line) -> line.contains("(off in strand.server.limits: "))
				.findFirst()
				.orElseThrow()).contains(property);
		});
	}

	@ParameterizedTest
	@CsvSource({ "max-connections, -1", "max-concurrent-calls, -1", "max-concurrent-calls-per-connection, -1",
			"max-resets, -1", "reset-window, 1500ms", "reset-window, 0", "handshake-timeout, -1s",
			"max-connection-idle, 10ms", "max-connection-age, 10ms", "max-connection-age-grace, -1s",
			"keep-alive.time, 1s", "keep-alive.timeout, 0", "keep-alive.permit-time, -1s", "flow-control-window, 1KB",
			"flow-control-window, 3GB", "max-call-duration, -1s", "handshake-timeout, 100000d" })
	void valueThatMakesNoSenseIsRefusedWithItsProperty(String property, String value) {
		this.runner.withPropertyValues("strand.server.limits." + property + "=" + value).run((context) -> {
			assertThat(context).hasFailed();
			assertThat(context.getStartupFailure()).rootCause()
				.hasMessageContaining("strand.server.limits." + property);
		});
	}

	@ParameterizedTest
	@CsvSource({ "strand.server.limits.max-call-duration",
			"strand.server.services[strand.testing.Echo].max-call-duration",
			"strand.server.methods[strand.testing.Echo/ClientStream].max-call-duration" })
	void callThatLastsTooLongIsEnded(String property) {
		this.runner.withPropertyValues(property + "=200ms").run((context) -> {
			try (TestClient client = ServerContext.client(context)) {
				Nobody responses = new Nobody();
				EchoGrpc.newStub(client.channel()).clientStream(responses);
				assertThat(responses.failed.await(10, TimeUnit.SECONDS)).isTrue();
				assertThat(Status.fromThrowable(responses.failures.get(0)).getCode())
					.isEqualTo(Status.Code.DEADLINE_EXCEEDED);
				// Where the limit is for all of the server's calls, one may be late
				await().untilAsserted(() -> assertThat(echoes(context)).isTrue());
			}
		});
	}

	@Test
	void methodMayTakeAsLongAsItLikesWhereTheServerAllowsLess() {
		this.runner
			.withPropertyValues("strand.server.limits.max-call-duration=1ms",
					"strand.server.methods[strand.testing.Echo/Unary].max-call-duration=0")
			.run((context) -> assertThat(echoes(context)).isTrue());
	}

	/** Five a second, of which the first and the last may not be whole. */
	private static long mostLinesSince(long nanos) {
		return 5 * (2 + Duration.ofNanos(System.nanoTime() - nanos).toSeconds());
	}

	private static long lines(CapturedOutput output, String part) {
		return output.toString().lines().filter((line) -> line.contains(part)).count();
	}

	private static boolean answers(RawConnection connection) throws Exception {
		connection.call(UNARY);
		return connection.read(RawConnection.DATA).payload().length == 5;
	}

	private static boolean echoes(AssertableApplicationContext context) {
		try (TestClient client = ServerContext.client(context)) {
			return client.echo("hello").equals("hello");
		}
		catch (StatusRuntimeException ex) {
			return false;
		}
	}

	private static int port(AssertableApplicationContext context) {
		return ServerContext.server(context).getPort();
	}

	private static final class Nobody implements StreamObserver<Message> {

		private final CountDownLatch failed = new CountDownLatch(1);

		private final List<Throwable> failures = new ArrayList<>();

		@Override
		public void onNext(Message message) {
		}

		@Override
		public void onError(Throwable ex) {
			this.failures.add(ex);
			this.failed.countDown();
		}

		@Override
		public void onCompleted() {
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Services {

		private final CountDownLatch entered = new CountDownLatch(1);

		private final CountDownLatch release = new CountDownLatch(1);

		/** Whether the call is cancelled whose handler was interrupted. */
		private final CompletableFuture<Boolean> interrupted = new CompletableFuture<>();

		@Bean
		@GrpcService
		EchoHandlers echo() {
			return new EchoHandlers().unary((request, responses) -> {
				if (request.getText().startsWith("fail")) {
					throw new IllegalStateException(request.getText());
				}
				EchoHandlers.echo(request, responses);
			}).clientStream((responses) -> {
				this.entered.countDown();
				try {
					this.release.await(30, TimeUnit.SECONDS);
				}
				catch (InterruptedException ex) {
					this.interrupted.complete(GrpcCall.current().isCancelled());
					Thread.currentThread().interrupt();
				}
				return EchoHandlers.echoLast(responses);
			});
		}

	}

}
