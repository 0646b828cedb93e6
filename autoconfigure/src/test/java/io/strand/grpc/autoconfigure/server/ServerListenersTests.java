package io.strand.grpc.autoconfigure.server;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.autoconfigure.server.RecordingInterceptor.Journal;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerStartException;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.BlockingStockService;
import io.strand.grpc.testing.CounterService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.FreePort;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestAuthority;
import io.strand.grpc.testing.TestClient;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.ssl.SslBundleRegistry;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Further listeners of the server, each with services, TLS and interceptors of its own.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ServerListenersTests {

	private static final String ECHO = "strand.testing.Echo";

	private static final String COUNTER = "strand.testing.Counter";

	private static final String STOCK = "strand.testing.Stock";

	private static TestAuthority authority;

	private static Path first;

	private static Path second;

	private final ApplicationContextRunner runner = ServerContext.runner().withUserConfiguration(Application.class);

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) {
		authority = TestAuthority.in(directory);
		first = authority.issue("first", "localhost");
		second = authority.issue("second", "localhost");
	}

	@Test
	void aServiceThatAListenerNamesIsServedThereAndNowhereElse() {
		admin("port=0", "address=127.0.0.1", "services=" + COUNTER)
			.withPropertyValues("strand.server.in-process.name=main")
			.run((context) -> {
				try (TestClient main = ServerContext.client(context);
						TestClient admin = client(context, "admin");
						TestClient inProcess = TestClient.inProcess("main")) {
					assertThat(admin.counter().next(Message.getDefaultInstance()).getNumber()).isEqualTo(1);
					assertUnimplemented(() -> admin.echo("hello"));
					for (TestClient one : List.of(main, inProcess)) {
						assertThat(one.echo("hello")).isEqualTo("hello");
						assertUnimplemented(() -> one.counter().next(Message.getDefaultInstance()));
					}
				}
				assertThat(ServerContext.server(context).getServices()).contains(ECHO, COUNTER, STOCK);
			});
	}

	@Test
	void theAddressOfAListenerIsItsOwn() {
		admin("port=0", "address=127.0.0.2", "services=" + COUNTER).run((context) -> {
			int port = ServerContext.server(context).getPort("admin");
			try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
				assertThat(free.isBound()).isTrue();
			}
		});
	}

	@Test
	void aServiceThatIsNotExclusiveIsServedAtTheMainAddressesToo() {
		admin("port=0", "services=" + COUNTER, "exclusive=false").run((context) -> {
			try (TestClient main = ServerContext.client(context); TestClient admin = client(context, "admin")) {
				assertThat(main.counter().next(Message.getDefaultInstance()).getNumber()).isEqualTo(1);
				assertThat(admin.counter().next(Message.getDefaultInstance()).getNumber()).isEqualTo(2);
				assertUnimplemented(() -> admin.echo("hello"));
			}
		});
	}

	@Test
	void aListenerThatNamesNoServiceServesThoseOfTheMainAddresses() {
		admin("port=0", "services=" + COUNTER).withPropertyValues("strand.server.listeners.more.port=0")
			.run((context) -> {
				try (TestClient more = client(context, "more")) {
					assertThat(more.echo("hello")).isEqualTo("hello");
					assertUnimplemented(() -> more.counter().next(Message.getDefaultInstance()));
				}
			});
	}

	@Test
	void aStarStandsForThoseOfTheMainAddresses() {
		admin("port=0", "services=" + COUNTER)
			.withPropertyValues("strand.server.listeners.more.port=0",
					"strand.server.listeners.more.services=*," + COUNTER)
			.run((context) -> {
				try (TestClient more = client(context, "more")) {
					assertThat(more.echo("hello")).isEqualTo("hello");
					assertThat(more.counter().next(Message.getDefaultInstance()).getNumber()).isEqualTo(1);
				}
			});
	}

	@Test
	void interceptorsOfAListenerComeBeforeTheGlobalOnesAndSeeItsCallsOnly() {
		admin("port=0", "interceptors=outer,inner").run((context) -> {
			Journal journal = context.getBean(Journal.class);
			try (TestClient main = ServerContext.client(context); TestClient admin = client(context, "admin")) {
				main.echo("hello");
				assertThat(journal.takeAll()).containsExactly("global");
				admin.echo("hello");
				assertThat(journal.takeAll()).containsExactly("outer", "inner", "global");
			}
		});
	}

	@Test
	void interceptorsOfAListenerRunOnTheThreadOfTheCall() {
		admin("port=0", "interceptors=context").run((context) -> {
			try (TestClient admin = client(context, "admin")) {
				assertThat(admin.echo("hello")).isEqualTo("hello");
			}
			assertThat(context.getBean("context", ContextInterceptor.class).thread).doesNotContain("ELG");
		});
	}

	@Test
	void eachListenerHasItsOwnTls() {
		this.runner.withPropertyValues(authority.bundleOf("one", first))
			.withPropertyValues(authority.bundleOf("two", second))
			.withPropertyValues("strand.server.ssl.bundle=one", "strand.server.listeners.strict.port=0",
					"strand.server.listeners.strict.ssl.bundle=two",
					"strand.server.listeners.strict.ssl.client-auth=need", "strand.server.listeners.open.port=0")
			.run((context) -> {
				GrpcServer server = ServerContext.server(context);
				assertThat(echo(TestClient.tcp(server.getPort(), authority.clientCredentials(null)))).isTrue();
				assertThat(echo(TestClient.tcp(server.getPort()))).isFalse();
				assertThat(echo(TestClient.tcp(server.getPort("strict"), authority.clientCredentials(null)))).isFalse();
				assertThat(echo(TestClient.tcp(server.getPort("strict"), authority.clientCredentials(first)))).isTrue();
				assertThat(echo(TestClient.tcp(server.getPort("open")))).isTrue();
			});
	}

	@Test
	void eachListenersTlsIsReloaded(CapturedOutput output) {
		admin("port=0", "ssl.bundle=one").withPropertyValues(authority.bundleOf("one", first)).run((context) -> {
			context.getBean(SslBundleRegistry.class).updateBundle("one", authority.bundle(second));
			assertThat(output).contains("SSL bundle 'one' was reloaded: new connections to the gRPC server"
					+ " (strand.server.listeners.admin.ssl.bundle) use it, the certificate CN=second until");
			assertThat(echo(
					TestClient.tcp(ServerContext.server(context).getPort("admin"), authority.clientCredentials(null))))
				.isTrue();
		});
	}

	@Test
	void aTlsClientOfAPlaintextListenerIsToldThePropertyOfTheListener(CapturedOutput output) {
		admin("port=0").run((context) -> {
			assertThat(echo(
					TestClient.tcp(ServerContext.server(context).getPort("admin"), authority.clientCredentials(null))))
				.isFalse();
			// The client may know by the server's first bytes, before the server does
			await()
				.untilAsserted(() -> assertThat(output).contains("set strand.server.listeners.admin.ssl.bundle here"));
		});
	}

	@Test
	void aListenerMayBeAUnixSocket() throws Exception {
		Path directory = Files.createTempDirectory("strand");
		Path socket = directory.resolve("admin.sock");
		admin("unix-socket=" + socket, "services=" + COUNTER).run((context) -> {
			try (TestClient admin = TestClient.unixSocket(socket)) {
				assertThat(admin.counter().next(Message.getDefaultInstance()).getNumber()).isEqualTo(1);
			}
			assertThat(ServerContext.server(context).getPort("admin")).isEqualTo(-1);
			assertThat(context.getEnvironment().containsProperty("local.strand.server.admin.port")).isFalse();
		});
		assertThat(socket).doesNotExist();
		Files.delete(directory);
	}

	@Test
	void portsOfListenersArePublished() {
		admin("port=0").run((context) -> {
			GrpcServer server = ServerContext.server(context);
			assertThat(server.getListeners()).containsExactly("admin");
			assertThat(server.getPort("admin")).isPositive().isNotEqualTo(server.getPort());
			assertThat(context.getEnvironment().getProperty("local.strand.server.admin.port", Integer.class))
				.isEqualTo(server.getPort("admin"));
			assertThat(context.getEnvironment().getProperty("local.grpc.server.port", Integer.class))
				.isEqualTo(server.getPort());
			assertThat(server.getPort("other")).isEqualTo(-1);
			server.stop();
			assertThat(server.getPort("admin")).isEqualTo(-1);
			server.start();
			assertThat(context.getEnvironment().getProperty("local.strand.server.admin.port", Integer.class))
				.isEqualTo(server.getPort("admin"));
		});
	}

	@Test
	void theLineOfTheStartNamesListenersAndTheirServices(CapturedOutput output) {
		admin("port=0", "address=127.0.0.1", "services=" + COUNTER)
			.run((context) -> assertThat(output).containsOnlyOnce(
					"gRPC server started on *:%d (plaintext), listener 'admin' on 127.0.0.1:%d (plaintext) for [%s], each"
						.formatted(ServerContext.server(context).getPort(),
								ServerContext.server(context).getPort("admin"), COUNTER)));
	}

	@Test
	void listenersStopTogetherAndLetTheirCallsFinish() {
		admin("port=0", "services=" + STOCK).run((context) -> {
			GrpcServer server = ServerContext.server(context);
			BlockingStockService stock = context.getBean(BlockingStockService.class);
			try (TestClient admin = client(context, "admin")) {
				ListenableFuture<Message> call = admin.stock().reserve(Message.newBuilder().setNumber(7).build());
				stock.awaitEntered();
				Thread stop = new Thread(server::stop);
				stop.start();
				stock.release();
				assertThat(call.get().getNumber()).isEqualTo(7);
				stop.join(10_000);
				assertThat(server.isRunning()).isFalse();
			}
		});
	}

	@Test
	void aServerMayHaveListenersOnly() {
		admin("port=0").withPropertyValues("strand.server.port=-1").run((context) -> {
			GrpcServer server = ServerContext.server(context);
			assertThat(server.getPort()).isEqualTo(-1);
			assertThat(server.getLocalAddress()).isNull();
			try (TestClient admin = client(context, "admin")) {
				assertThat(admin.echo("hello")).isEqualTo("hello");
			}
		});
	}

	@Test
	void aListenerThatCannotListenEndsTheOthers() throws Exception {
		try (ServerSocket taken = new ServerSocket(0)) {
			admin("port=" + taken.getLocalPort()).run((context) -> assertRefused(context.getStartupFailure(),
					"strand.server.listeners.admin.port=" + taken.getLocalPort(), "The port is already in use."));
		}
	}

	@Test
	void anAddressThatDoesNotResolve() {
		assertRefused("strand.server.listeners.admin.address=no-such-host.invalid", "does not resolve", "port=0",
				"address=no-such-host.invalid");
	}

	@Test
	void aServiceThatIsNotThere() {
		assertRefused("strand.server.listeners.admin.services=strand.testing.Conter",
				"It has: strand.testing.Echo, strand.testing.Counter, strand.testing.Stock. Did you mean"
						+ " 'strand.testing.Counter'?",
				"port=0", "services=strand.testing.Conter");
	}

	@Test
	void anInterceptorThatIsNotThere() {
		assertRefused("strand.server.listeners.admin.interceptors=iner",
				"There is no ServerInterceptor bean of this name. Did you mean 'inner'?", "port=0",
				"interceptors=iner");
	}

	@Test
	void aBeanThatIsNoInterceptor() {
		assertRefused("strand.server.listeners.admin.interceptors=journal",
				"There is no ServerInterceptor bean of this name. Use the names of beans of type ServerInterceptor."
						+ " There are: ",
				"port=0", "interceptors=journal");
	}

	@Test
	void aGlobalInterceptor() {
		assertRefused("strand.server.listeners.admin.interceptors=global",
				"would intercept the calls of this listener"
						+ " twice. Remove it here, or remove @GrpcGlobalServerInterceptor",
				"port=0", "interceptors=global");
	}

	@Test
	void nowhereToListen() {
		assertRefused("strand.server.listeners.admin.port=(not set)",
				"The listener has nowhere to listen. Set a port, 0 for any free one, or"
						+ " strand.server.listeners.admin.unix-socket.",
				"services=" + COUNTER);
	}

	@Test
	void aPortThatDoesNotExist() {
		assertRefused("strand.server.listeners.admin.port=-1", "There is no such port.", "port=-1");
		assertRefused("strand.server.listeners.admin.port=65536", "There is no such port.", "port=65536");
	}

	@Test
	void thePortOfAnother() {
		this.runner
			.withPropertyValues("strand.server.port=9999", "strand.server.listeners.admin.port=9999",
					"strand.server.listeners.admin.address=127.0.0.1")
			.run((context) -> assertRefused(context.getStartupFailure(), "strand.server.listeners.admin.port=9999",
					"It is the port of strand.server.port too. Give each listener a port of its own"));
		admin("port=9998").withPropertyValues("strand.server.listeners.more.port=9998")
			.run((context) -> assertRefused(context.getStartupFailure(), "strand.server.listeners.more.port=9998",
					"It is the port of strand.server.listeners.admin.port too."));
	}

	@Test
	void onePortAtTwoAddressesIsTwoPlaces() {
		int port = FreePort.find();
		admin("port=" + port, "address=127.0.0.2")
			.withPropertyValues("strand.server.port=" + port, "strand.server.address=127.0.0.1")
			.run((context) -> assertThat(ServerContext.server(context).getPort("admin")).isEqualTo(port));
	}

	@Test
	void theSocketOfAnother() {
		this.runner
			.withPropertyValues("strand.server.unix-socket=/tmp/one.sock",
					"strand.server.listeners.admin.unix-socket=/tmp/one.sock")
			.run((context) -> assertRefused(context.getStartupFailure(),
					"strand.server.listeners.admin.unix-socket=/tmp/one.sock",
					"It is the socket of strand.server.unix-socket too."));
	}

	@Test
	void tlsOnAUnixSocketOnly() {
		assertRefused("strand.server.listeners.admin.ssl.bundle=shop",
				"It is for a TCP port, and the listener has only a Unix domain socket.", "unix-socket=/tmp/admin.sock",
				"ssl.bundle=shop");
	}

	@Test
	void clientAuthenticationWithoutTls() {
		assertRefused("strand.server.listeners.admin.ssl.client-auth=need",
				"strand.server.listeners.admin.ssl.bundle is not set.", "port=0", "ssl.client-auth=need");
	}

	private ApplicationContextRunner admin(String... properties) {
		ApplicationContextRunner admin = this.runner;
		for (String property : properties) {
			admin = admin.withPropertyValues("strand.server.listeners.admin." + property);
		}
		return admin;
	}

	private static TestClient client(ApplicationContext context, String listener) {
		return TestClient.tcp(ServerContext.server(context).getPort(listener));
	}

	private static boolean echo(TestClient client) {
		try (client) {
			return client.echo("hello").equals("hello");
		}
		catch (StatusRuntimeException ex) {
			assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
			return false;
		}
	}

	private static void assertUnimplemented(ThrowingCallable call) {
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(call)
			.extracting((ex) -> ex.getStatus().getCode())
			.isEqualTo(Status.Code.UNIMPLEMENTED);
	}

	private void assertRefused(String property, String message, String... properties) {
		admin(properties).run((context) -> assertRefused(context.getStartupFailure(), property, message));
	}

	private static void assertRefused(Throwable failure, String property, String message) {
		assertThat(failure).rootCause()
			.satisfiesAnyOf((root) -> assertThat(root).isInstanceOf(GrpcServerStartException.class),
					(root) -> assertThat(root).isInstanceOf(java.io.IOException.class));
		assertThat(failure).hasStackTraceContaining("The gRPC server cannot start with " + property + ". ")
			.hasStackTraceContaining(message);
	}

	/** Remembers the thread it ran on, and adds to the context of the call. */
	static class ContextInterceptor implements ServerInterceptor {

		private volatile String thread = "";

		@Override
		public <Q, R> ServerCall.Listener<Q> interceptCall(ServerCall<Q, R> call, Metadata headers,
				ServerCallHandler<Q, R> next) {
			assertThat(GrpcCall.of(call).method()).isSameAs(call.getMethodDescriptor());
			this.thread = Thread.currentThread() + "";
			return Contexts.interceptCall(Context.current(), call, headers, next);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Application {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

		@Bean
		@GrpcService
		CounterService counter() {
			return new CounterService();
		}

		@Bean
		@GrpcService
		BlockingStockService stock() {
			return new BlockingStockService();
		}

		@Bean
		Journal journal() {
			return new Journal();
		}

		@Bean
		@GrpcGlobalServerInterceptor
		RecordingInterceptor global(Journal journal) {
			return new RecordingInterceptor("global", journal);
		}

		@Bean
		RecordingInterceptor outer(Journal journal) {
			return new RecordingInterceptor("outer", journal);
		}

		@Bean
		RecordingInterceptor inner(Journal journal) {
			return new RecordingInterceptor("inner", journal);
		}

		@Bean
		ContextInterceptor context() {
			return new ContextInterceptor();
		}

	}

}
