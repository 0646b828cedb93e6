package io.strand.grpc.autoconfigure.client;

import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

import com.google.protobuf.ByteString;
import io.grpc.InsecureServerCredentials;
import io.grpc.ServerBuilder;
import io.grpc.Status;
import io.grpc.TlsServerCredentials;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.client.GrpcChannelCustomizer;
import io.strand.grpc.client.RecordingServer;
import io.strand.grpc.testing.EchoGrpc.EchoImplBase;
import io.strand.grpc.testing.EchoGrpc.EchoStub;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TcpProxy;
import io.strand.grpc.testing.TestAuthority;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Senders that wait on channels of an application (S6).
 */
@ExtendWith(LeakCheckExtension.class)
class BlockedClientStreamTests {

	private static final Message LARGE = Message.newBuilder()
		.setPayload(ByteString.copyFrom(new byte[100_000]))
		.build();

	private static final String[] TRUST_ALL = { "strand.client.channels.default.ssl.enabled=true",
			"strand.client.channels.default.ssl.insecure-trust-all-certificates=true" };

	private final ApplicationContextRunner runner = ClientContext.runner()
		.withUserConfiguration(Application.class)
		.withPropertyValues("strand.client.channels.default.streams.blocking-send=true",
				"strand.client.channels.default.shutdown-grace-period=100ms");

	private final CompletableFuture<Throwable> thrown = new CompletableFuture<>();

	@Test
	@DisplayName("S6: a waiting sender hears that its connection is lost, whatever has not been read")
	void senderHearsThatItsConnectionIsLost() {
		UnreadingService service = new UnreadingService();
		try (RecordingServer server = start(service); TcpProxy proxy = new TcpProxy(server.port())) {
			this.runner.withPropertyValues("strand.client.channels.default.target=localhost:" + proxy.port())
				.run((context) -> {
					Responses responses = new Responses();
					context.getBean(EchoStub.class).bidi(responses);
					Thread sender = sendUntilItWaits(responses);
					proxy.close();
					assertThat(told(sender)).isEqualTo(Status.Code.UNAVAILABLE);
				});
		}
		finally {
			service.end.countDown();
		}
	}

	@Test
	@DisplayName("S6: a waiting sender hears that its channel has stopped, whatever its callbacks wait for")
	void senderHearsThatItsChannelHasStopped() {
		UnreadingService service = new UnreadingService();
		service.answers = false;
		try (RecordingServer server = start(service)) {
			this.runner.withPropertyValues("strand.client.channels.default.target=" + server.target())
				.run((context) -> {
					Responses responses = new Responses();
					responses.waitsForSender = true;
					context.getBean(EchoStub.class).bidi(responses);
					Thread sender = sendUntilItWaits(responses);
					context.close();
					assertThat(told(sender)).isEqualTo(Status.Code.UNAVAILABLE);
				});
		}
		finally {
			service.end.countDown();
		}
	}

	/** Over which a channel reaches a server without Strand. */
	enum Transport {

		TCP, TCP_WITH_LOOPS_OF_A_CUSTOMIZER, TLS, UNIX, IN_PROCESS

	}

	@ParameterizedTest
	@EnumSource
	@DisplayName("S6: a waiting sender hears that its stream was reset, whatever has not been read")
	void senderHearsThatItsStreamWasReset(Transport transport, @TempDir Path directory) {
		UnreadingService service = new UnreadingService();
		EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
		Path socket = directory.resolve("reset.sock");
		TestAuthority authority = TestAuthority.in(directory);
		ServerBuilder<?> builder = switch (transport) {
			case TCP, TCP_WITH_LOOPS_OF_A_CUSTOMIZER -> NettyServerBuilder.forPort(0);
			case TLS -> NettyServerBuilder.forPort(0,
					TlsServerCredentials.newBuilder()
						.keyManager(TestAuthority.keyManagers(authority.issue("localhost")))
						.build());
			case UNIX ->
				NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket), InsecureServerCredentials.create())
					.channelType(NioServerDomainSocketChannel.class)
					.bossEventLoopGroup(loops)
					.workerEventLoopGroup(loops);
			case IN_PROCESS -> InProcessServerBuilder.forName("reset-streams");
		};
		GrpcChannelCustomizer customizer = (name, channel) -> {
			if (transport == Transport.TCP_WITH_LOOPS_OF_A_CUSTOMIZER) {
				((NettyChannelBuilder) channel).channelType(NioSocketChannel.class).eventLoopGroup(loops);
			}
		};
		try (RecordingServer server = RecordingServer.start(builder, service)) {
			String target = switch (transport) {
				case UNIX -> "unix:" + socket;
				case IN_PROCESS -> "in-process:reset-streams";
				default -> server.target();
			};
			this.runner.withBean(GrpcChannelCustomizer.class, () -> customizer)
				.withPropertyValues("strand.client.channels.default.target=" + target)
				.withPropertyValues((transport == Transport.TLS) ? TRUST_ALL : new String[0])
				.run((context) -> {
					Responses responses = new Responses();
					context.getBean(EchoStub.class).bidi(responses);
					await().until(() -> service.responses != null);
					Thread sender = sendUntilItWaits(responses);
					service.reset();
					assertThat(told(sender)).isEqualTo(Status.Code.CANCELLED);
				});
		}
		finally {
			service.end.countDown();
			loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
		}
	}

	private static RecordingServer start(UnreadingService service) {
		return RecordingServer.start(NettyServerBuilder.forPort(0).flowControlWindow(65535), service);
	}

	private Thread sendUntilItWaits(Responses responses) {
		Thread sender = new Thread(() -> {
			responses.lock.lock();
			try {
				responses.locked.countDown();
				while (true) {
					responses.requests.onNext(LARGE);
				}
			}
			catch (Throwable ex) {
				this.thrown.complete(ex);
			}
			finally {
				responses.lock.unlock();
			}
		}, "client-sender");
		sender.setDaemon(true);
		sender.start();
		// As long as the windows fill, for moments only
		await().pollInterval(Duration.ofMillis(5))
			.during(Duration.ofMillis(100))
			.until(() -> sender.getState() == Thread.State.TIMED_WAITING
					&& (!responses.waitsForSender || responses.lock.hasQueuedThreads()));
		return sender;
	}

	private Status.Code told(Thread sender) throws Exception {
		try {
			return Status.fromThrowable(this.thrown.get(10, TimeUnit.SECONDS)).getCode();
		}
		finally {
			sender.interrupt(); // if it was not released
			sender.join(10_000);
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Application {

		@Bean
		Object user(EchoStub stub) {
			return stub;
		}

	}

	/** Has a thread wait for the sender, or asks for no message. */
	private static final class Responses implements ClientResponseObserver<Message, Message> {

		private final ReentrantLock lock = new ReentrantLock();

		private final CountDownLatch locked = new CountDownLatch(1);

		private boolean waitsForSender;

		private ClientCallStreamObserver<Message> requests;

		@Override
		public void beforeStart(ClientCallStreamObserver<Message> requests) {
			this.requests = requests;
			requests.disableAutoRequestWithInitial(0);
			requests.setOnReadyHandler(() -> {
				if (this.waitsForSender) {
					waitForSender();
				}
			});
		}

		private void waitForSender() {
			try {
				this.locked.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			this.lock.lock();
			this.lock.unlock();
		}

		@Override
		public void onNext(Message message) {
		}

		@Override
		public void onError(Throwable error) {
		}

		@Override
		public void onCompleted() {
		}

	}

	/** Answers, and reads one message. */
	private static final class UnreadingService extends EchoImplBase {

		private final CountDownLatch end = new CountDownLatch(1);

		private boolean answers = true;

		private volatile StreamObserver<Message> responses;

		/** By an answer that its marshaller cannot serialize. */
		@SuppressWarnings({ "unchecked", "rawtypes" })
		void reset() {
			((StreamObserver) this.responses).onNext("not a message");
		}

		@Override
		public StreamObserver<Message> bidi(StreamObserver<Message> responses) {
			this.responses = responses;
			if (this.answers) {
				responses.onNext(Message.getDefaultInstance());
			}
			return new StreamObserver<>() {

				@Override
				public void onNext(Message message) {
					try {
						UnreadingService.this.end.await(30, TimeUnit.SECONDS);
					}
					catch (InterruptedException ex) {
						Thread.currentThread().interrupt();
					}
				}

				@Override
				public void onError(Throwable error) {
				}

				@Override
				public void onCompleted() {
				}

			};
		}

	}

}
