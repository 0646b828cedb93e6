package io.strand.grpc.stress;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.RawConnection;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a server with the default limits, 256 MiB of heap and two cores gives its other
 * clients while it is attacked, and what the attack takes: 99.9 % of normal calls are
 * answered, over a connection that was there as over new ones, 200 MiB of memory, 64
 * threads and 1 MB of log at most.
 */
@Tag("stress")
@Timeout(300)
@EnabledOnOs(OS.LINUX)
@EnabledForJreRange(min = JRE.JAVA_21)
class AttackStressTests {

	private static final String UNARY = "strand.testing.Echo/Unary";

	private static final String SERVER_STREAM = "strand.testing.Echo/ServerStream";

	private static final int INITIAL_WINDOW_SIZE = 4;

	private static final int CANCEL = 8;

	private static final Duration LENGTH = Duration.ofSeconds(15);

	@TempDir
	private Path directory;

	@Test
	void readersThatNeverRead(TestInfo test) throws Exception {
		attack(test, (port) -> {
			List<RawConnection> connections = new ArrayList<>();
			for (int i = 0; i < 50; i++) {
				RawConnection connection = RawConnection.open(port, INITIAL_WINDOW_SIZE, Integer.MAX_VALUE);
				connection.write(RawConnection.WINDOW_UPDATE, 0, 0, RawConnection.intPayload(1 << 30));
				connection.call(SERVER_STREAM);
				connections.add(connection);
			}
			return connections;
		});
	}

	@Test
	void tenThousandSlowHandlers(TestInfo test) throws Exception {
		attack(test, (port) -> {
			List<AutoCloseable> channels = new ArrayList<>();
			Message slow = Message.newBuilder().setText(AttackedApplication.SLOW).build();
			for (int i = 0; i < 10; i++) {
				ManagedChannel channel = channel(port);
				for (int call = 0; call < 1000; call++) {
					ClientCalls.asyncUnaryCall(channel.newCall(EchoGrpc.getUnaryMethod(), CallOptions.DEFAULT), slow,
							new Nobody(() -> {
							}));
				}
				channels.add(channel::shutdownNow);
			}
			return channels;
		});
	}

	@Test
	void twentyThousandCallsWithDeadlinesOfAMillisecond(TestInfo test) throws Exception {
		attack(test, (port) -> {
			Message slow = Message.newBuilder().setText(AttackedApplication.SLOW).build();
			List<AutoCloseable> channels = new ArrayList<>();
			List<ManagedChannel> targets = new ArrayList<>();
			for (int i = 0; i < 4; i++) {
				ManagedChannel channel = channel(port);
				targets.add(channel);
				channels.add(channel::shutdownNow);
			}
			Semaphore inFlight = new Semaphore(500);
			for (int call = 0; call < 20_000; call++) {
				inFlight.acquire();
				ClientCalls.asyncUnaryCall(
						targets.get(call % 4)
							.newCall(EchoGrpc.getUnaryMethod(),
									CallOptions.DEFAULT.withDeadlineAfter(1, TimeUnit.MILLISECONDS)),
						slow, new Nobody(inFlight::release));
			}
			return channels;
		});
	}

	@Test
	void rapidResets(TestInfo test) throws Exception {
		attack(test, (port) -> repeatedly(8, () -> {
			try (RawConnection connection = RawConnection.open(port)) {
				for (int i = 0; i < 1000; i++) {
					int stream = connection.call(UNARY);
					connection.write(RawConnection.RST_STREAM, 0, stream, RawConnection.intPayload(CANCEL));
				}
				connection.awaitClosed();
			}
		}));
	}

	@Test
	void resetsThatTheServerIsMadeToSend(TestInfo test) throws Exception {
		attack(test, (port) -> repeatedly(8, () -> {
			try (RawConnection connection = RawConnection.open(port)) {
				for (int i = 0; i < 1000; i++) {
					int stream = connection.headers(SERVER_STREAM);
					connection.write(RawConnection.WINDOW_UPDATE, 0, stream, RawConnection.intPayload(0));
				}
				connection.awaitClosed();
			}
		}));
	}

	@Test
	void callsOfMethodsThatNobodyServes(TestInfo test) throws Exception {
		attack(test, (port) -> repeatedly(8, () -> {
			try (RawConnection connection = RawConnection.open(port)) {
				for (int i = 0; i < 1000; i++) {
					connection.call(unknownMethod());
					connection.read(RawConnection.HEADERS);
				}
			}
		}));
		assertThat(this.directory.resolve("log")).content()
			.containsPattern("(\\d+) meters at the start, \\1 at the end, \\d{4,} calls of unknown methods");
	}

	@Test
	void answersWithoutMessagesThatNobodyReads(TestInfo test) throws Exception {
		attack(test, (port) -> {
			List<AutoCloseable> attackers = new ArrayList<>();
			for (int i = 0; i < 20; i++) {
				RawConnection connection = RawConnection.open(port);
				Thread thread = new Thread(() -> {
					try {
						while (true) {
							connection.call("no.Service" + "x".repeat(4000) + "/Unary");
						}
					}
					catch (IOException ex) {
						// The connection is closed
					}
				}, "attacker-" + i);
				thread.start();
				attackers.add(() -> {
					connection.close();
					thread.join();
				});
			}
			return attackers;
		});
	}

	/** Another one each time, half of them of a service that there is. */
	private static String unknownMethod() {
		long random = ThreadLocalRandom.current().nextLong();
		return (random % 2 == 0) ? "strand.testing.Echo/No" + random : "no.Service" + random + "/Unary";
	}

	@Test
	void thousandSilentConnections(TestInfo test) throws Exception {
		attack(test, (port) -> {
			List<RawConnection> connections = new ArrayList<>();
			for (int i = 0; i < 1000; i++) {
				connections.add(RawConnection.silent(port));
			}
			return connections;
		});
	}

	@Test
	void zeroWindows(TestInfo test) throws Exception {
		attack(test, (port) -> {
			List<RawConnection> connections = new ArrayList<>();
			for (int i = 0; i < 20; i++) {
				RawConnection connection = RawConnection.open(port, INITIAL_WINDOW_SIZE, 0);
				for (int call = 0; call < 500; call++) {
					connection.call((call % 10 == 0) ? SERVER_STREAM : UNARY);
				}
				connections.add(connection);
			}
			return connections;
		});
	}

	private void attack(TestInfo test, Attack attack) throws Exception {
		try (AttackedServer server = AttackedServer.start(this.directory)) {
			warmUp(server);
			long residentBefore = server.residentMegabytes();
			long resident = residentBefore;
			long threads = server.threads();
			NormalCalls normal = new NormalCalls(server.port());
			List<? extends AutoCloseable> attackers = List.of();
			try (normal) {
				long end = System.nanoTime() + LENGTH.toNanos();
				attackers = attack.begin(server.port());
				long callsAtLeast = normal.all() + 1001;
				while (System.nanoTime() < end || normal.all() < callsAtLeast) {
					resident = Math.max(resident, server.residentMegabytes());
					threads = Math.max(threads, server.threads());
					TimeUnit.MILLISECONDS.sleep(100);
				}
			}
			finally {
				for (AutoCloseable attacker : attackers) {
					attacker.close();
				}
			}
			String figures = ("%s: normal calls over one connection %s, over new ones %s, memory %d to %d MB, %d threads,"
					+ " %d bytes of log")
				.formatted(test.getTestMethod().orElseThrow().getName(), normal.overKept(), normal.overNew(),
						residentBefore, resident, threads, server.logBytes());
			System.out.println("@@ " + figures);
			for (NormalCalls.Tally calls : List.of(normal.overKept(), normal.overNew())) {
				assertThat(calls.answered() * 1000).as(figures).isGreaterThanOrEqualTo(calls.all() * 999);
				assertThat(calls.all()).as(figures).isGreaterThan(100);
			}
			assertThat(normal.all()).as(figures).isGreaterThan(1000);
			assertThat(resident - residentBefore).as(figures).isLessThanOrEqualTo(200);
			assertThat(threads).as(figures).isLessThanOrEqualTo(64);
			assertThat(server.logBytes()).as(figures).isLessThanOrEqualTo(1_000_000);
			assertThat(server.log()).as(figures).doesNotContain("OutOfMemoryError");
		}
	}

	private static void warmUp(AttackedServer server) throws Exception {
		try (NormalCalls normal = new NormalCalls(server.port())) {
			long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
			while (System.nanoTime() < end || normal.all() < 5000) {
				TimeUnit.MILLISECONDS.sleep(100);
			}
		}
	}

	private static ManagedChannel channel(int port) {
		return NettyChannelBuilder.forAddress("localhost", port).usePlaintext().build();
	}

	/** Attacks from so many threads again and again, until it is closed. */
	private static List<AutoCloseable> repeatedly(int count, Step step) {
		List<AutoCloseable> attackers = new ArrayList<>();
		AtomicInteger over = new AtomicInteger();
		for (int i = 0; i < count; i++) {
			Thread thread = new Thread(() -> {
				while (over.get() == 0) {
					try {
						step.run();
					}
					catch (IOException ex) {
						// The server has had enough of this connection
					}
				}
			}, "attacker-" + i);
			thread.start();
			attackers.add(() -> {
				over.set(1);
				thread.join();
			});
		}
		return attackers;
	}

	private interface Step {

		void run() throws IOException;

	}

	private interface Attack {

		List<? extends AutoCloseable> begin(int port) throws Exception;

	}

	private record Nobody(Runnable ended) implements StreamObserver<Message> {

		@Override
		public void onNext(Message message) {
		}

		@Override
		public void onError(Throwable ex) {
			this.ended.run();
		}

		@Override
		public void onCompleted() {
			this.ended.run();
		}

	}

}
