package io.strand.grpc.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.InsecureServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.Message;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

import static org.awaitility.Awaitility.await;

/**
 * Calls a name while what DNS says of it changes. Runs in a JVM of its own, since the
 * JVM's source of names is chosen when it starts.
 */
final class DnsAnswerApplication {

	private static final Message MESSAGE = Message.newBuilder().setText("hello").build();

	private DnsAnswerApplication() {
	}

	/**
	 * Exits with 0 if every call succeeded and each change of the answer was followed.
	 * @param arguments the file of names that the JVM was told to use
	 */
	public static void main(String[] arguments) throws Exception {
		Awaitility.setDefaultTimeout(Duration.ofSeconds(20));
		Path names = Path.of(arguments[0]);
		try (RecordingServer first = server("127.0.0.1", 0);
				RecordingServer second = server("127.0.0.2", first.port())) {
			answer(names, "127.0.0.1");
			ChannelSettings settings = ChannelSettings.builder()
				.target("dns:///shop.test:" + first.port())
				.balancing(BalancingSettings.builder().refreshInterval(Duration.ofSeconds(1)).build())
				.build();
			AtomicBoolean done = new AtomicBoolean();
			AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
			try (GrpcChannels channels = new GrpcChannels(Map.of("default", settings), List::of, List::of,
					new TestOwnServer(), null)) {
				Thread caller = new Thread(() -> call(channels, done, failure), "caller");
				caller.start();
				await().until(() -> first.calls().size() > 10);
				answer(names, "127.0.0.1", "127.0.0.2");
				await().until(() -> second.calls().size() > 10);
				check(first.connections() == 1, "the first server lost its connection");
				answer(names, "127.0.0.2");
				await().until(() -> first.openConnections() == 0);
				int before = second.calls().size();
				await().until(() -> second.calls().size() > before + 10);
				done.set(true);
				caller.join(10_000);
			}
			check(failure.get() == null, "a call failed: " + failure.get());
		}
		System.exit(0);
	}

	private static RecordingServer server(String address, int port) {
		return RecordingServer.start(
				NettyServerBuilder.forAddress(new InetSocketAddress(address, port), InsecureServerCredentials.create()),
				new EchoService());
	}

	private static void call(GrpcChannels channels, AtomicBoolean done, AtomicReference<@Nullable Throwable> failure) {
		try {
			while (!done.get()) {
				EchoGrpc.newBlockingStub(channels.channel("default")).unary(MESSAGE);
			}
		}
		catch (RuntimeException ex) {
			failure.set(ex);
		}
	}

	/**
	 * Replaces the file at once, so that it is never read half written.
	 */
	private static void answer(Path names, String... addresses) throws IOException {
		StringBuilder lines = new StringBuilder("127.0.0.1 localhost\n");
		for (String address : addresses) {
			lines.append(address).append(" shop.test\n");
		}
		Path written = Files.writeString(names.resolveSibling("new"), lines);
		Files.move(written, names, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
	}

	private static void check(boolean condition, String otherwise) {
		if (!condition) {
			throw new IllegalStateException(otherwise);
		}
	}

}
