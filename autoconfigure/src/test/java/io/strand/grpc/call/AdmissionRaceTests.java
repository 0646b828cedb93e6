package io.strand.grpc.call;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

import io.grpc.MethodDescriptor;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.EngineServer;
import io.strand.grpc.testing.EngineServer.Kind;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Has calls race for places at limits, in rounds of as many calls as there are callers:
 * after the last of a round nobody comes who would find a place that was missed, so its
 * call waits in vain.
 */
@Timeout(120)
class AdmissionRaceTests extends HandlerTestBase {

	private static final MethodDescriptor<Message, Message> STREAM = EchoGrpc.getServerStreamMethod();

	private static final int CALLERS = 6;

	private static final int ROUNDS = 1_000;

	private final AtomicInteger running = new AtomicInteger();

	private final AtomicInteger most = new AtomicInteger();

	private final AtomicInteger unaryRunning = new AtomicInteger();

	private final AtomicInteger mostUnary = new AtomicInteger();

	@Test
	@DisplayName("H8: calls that come and go at the same time miss no place and pass no limit")
	void noPlaceIsMissedAndNoLimitPassed() throws Exception {
		CallLimit ofServer = limit("server", 2);
		CallLimit ofMethod = limit(UNARY.getFullMethodName(), 1);
		EngineServer server = serve(Kind.STRAND_IN_PROCESS,
				(method) -> method.getFullMethodName().equals(UNARY.getFullMethodName())
						? with(Duration.ofMinutes(1), ofServer, ofMethod) : with(Duration.ofMinutes(1), ofServer),
				200, List.of(),
				new EchoHandlers()
					.unary(counted(this.unaryRunning, this.mostUnary,
							counted(this.running, this.most, EchoHandlers::echo)))
					.serverStream(counted(this.running, this.most, EchoHandlers::echo)));
		CyclicBarrier round = new CyclicBarrier(CALLERS);
		ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
		try {
			List<Future<?>> all = new ArrayList<>();
			for (int c = 0; c < CALLERS; c++) {
				MethodDescriptor<Message, Message> method = (c % 2 == 0) ? UNARY : STREAM;
				all.add(callers.submit(() -> {
					for (int i = 0; i < ROUNDS; i++) {
						round.await(20, TimeUnit.SECONDS);
						Outcome outcome = Outcome.of(server.channel(), method, in(60_000), text("call"));
						assertThat(outcome.status().isOk()).as("%s in round %d", outcome.status(), i).isTrue();
					}
					return null;
				}));
			}
			for (Future<?> caller : all) {
				caller.get(100, TimeUnit.SECONDS);
			}
		}
		finally {
			callers.shutdownNow();
		}
		assertThat(this.most).hasValueLessThanOrEqualTo(2);
		assertThat(this.mostUnary).hasValue(1);
	}

	private static BiConsumer<Message, StreamObserver<Message>> counted(AtomicInteger running, AtomicInteger most,
			BiConsumer<Message, StreamObserver<Message>> handler) {
		return (request, responses) -> {
			most.accumulateAndGet(running.incrementAndGet(), Math::max);
			try {
				handler.accept(request, responses);
			}
			finally {
				running.decrementAndGet();
			}
		};
	}

}
