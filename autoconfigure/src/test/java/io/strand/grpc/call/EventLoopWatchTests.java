package io.strand.grpc.call;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link EventLoopWatch}.
 */
@ExtendWith(OutputCaptureExtension.class)
class EventLoopWatchTests extends HandlerTestBase {

	private final EventLoopWatch watch = new EventLoopWatch(Duration.ofMillis(500));

	@AfterEach
	void close() {
		this.watch.close();
	}

	@Test
	void handlerThatBlocksIsLoggedOnceWithItsMethodAndStack(CapturedOutput output) throws Exception {
		CountDownLatch release = new CountDownLatch(1);
		Thread loop = new Thread(() -> {
			for (int i = 0; i < 2; i++) {
				this.watch.executor("shop.Orders/Place").execute(() -> blockHere(release));
			}
		}, "test-event-loop");
		loop.start();
		await().until(() -> output.toString().contains("blockHere"));
		assertThat(output).contains("The handler of shop.Orders/Place has kept its event loop busy for")
			.contains("Stack of test-event-loop");
		release.countDown();
		loop.join(5_000);
		assertThat(output.toString().split("has kept its event loop busy", -1)).hasSize(2);
	}

	@Test
	void handlerThatDoesNotBlockIsNotLogged(CapturedOutput output) throws Exception {
		CountDownLatch blocked = new CountDownLatch(1);
		this.watch.executor("shop.Orders/Quick").execute(() -> {
		});
		Thread loop = new Thread(() -> this.watch.executor("shop.Orders/Slow").execute(() -> blockHere(blocked)),
				"test-event-loop");
		loop.start();
		await().until(() -> output.toString().contains("shop.Orders/Slow"));
		assertThat(output).doesNotContain("shop.Orders/Quick");
		blocked.countDown();
		loop.join(5_000);
	}

	@Test
	@DisplayName("H7: a method on the event loop that blocks is logged with its name and stack")
	void methodOfAServerThatBlocksIsLogged(CapturedOutput output) {
		// Else its handler may be found while it loads classes
		assertAnswers(serve(Kind.STRAND_NETTY, with(Threading.EVENT_LOOP, true), new EchoHandlers()), "warm up");
		CountDownLatch release = new CountDownLatch(1);
		EngineServer server = serve(Kind.STRAND_NETTY, with(Threading.EVENT_LOOP, true),
				new EchoHandlers().unary((request, responses) -> {
					blockHere(release);
					EchoHandlers.echo(request, responses);
				}));
		Outcome outcome = call(server, "block");
		await().until(() -> output.toString().contains("blockHere"));
		release.countDown();
		assertThat(outcome.status().isOk()).isTrue();
		assertThat(output).contains("The handler of " + UNARY.getFullMethodName() + " has kept its event loop busy for")
			.contains("Stack of grpc-default-worker-ELG");
	}

	private static void blockHere(CountDownLatch release) {
		try {
			release.await(5, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
