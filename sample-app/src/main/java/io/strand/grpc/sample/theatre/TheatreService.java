package io.strand.grpc.sample.theatre;

import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.call.ConcurrentStreamUseException;
import io.strand.grpc.sample.proto.AnnounceRequest;
import io.strand.grpc.sample.proto.FinishRequest;
import io.strand.grpc.sample.proto.Heard;
import io.strand.grpc.sample.proto.Line;
import io.strand.grpc.sample.proto.QuarrelRequest;
import io.strand.grpc.sample.proto.StumbleRequest;
import io.strand.grpc.sample.proto.TheatreGrpc;
import io.strand.grpc.sample.refusal.UnreasonableRequestException;
import io.strand.grpc.service.GrpcService;

/**
 * Does what handlers should not, and what few of them do. The configuration has
 * {@code Announce} run on the event loop, and {@code Quarrel} refuse a second sender.
 */
@GrpcService
class TheatreService extends TheatreGrpc.TheatreImplBase {

	private static final int MOST_LINES = 1_000;

	private static final int MOST_LINE_BYTES = 64 * 1024;

	private static final int MOST_PAUSE_MILLIS = 1_000;

	private final Stage stage;

	private final Prompter prompter;

	private final Blackboard blackboard;

	TheatreService(Stage stage, Prompter prompter, Blackboard blackboard) {
		this.stage = stage;
		this.prompter = prompter;
		this.blackboard = blackboard;
	}

	@Override
	public void stumble(StumbleRequest request, StreamObserver<Line> out) {
		switch (request.getMishap()) {
			case EXCEPTION -> throw new IllegalStateException("The play is not to be named");
			case ENDLESS_RECURSION -> fallDeeper(1);
			case STATUS -> throw Status.FAILED_PRECONDITION.withDescription("There is no stage").asRuntimeException();
			default -> answer(Line.getDefaultInstance(), out);
		}
	}

	@SuppressWarnings("InfiniteRecursion")
	private static int fallDeeper(int depth) {
		return fallDeeper(depth + 1) + 1;
	}

	@Override
	public void finish(FinishRequest request, StreamObserver<Line> out) {
		CyclicBarrier together = new CyclicBarrier(2);
		together(() -> end(together, out::onCompleted, this.stage::endWell),
				() -> end(together, () -> out.onError(Status.ABORTED.asException()), this.stage::endBadly));
	}

	private void end(CyclicBarrier together, Runnable ending, Runnable ended) {
		try {
			together.await();
			ending.run();
			ended.run();
		}
		catch (IllegalStateException ex) {
			this.stage.refuseEnd(String.valueOf(ex.getMessage()));
		}
		catch (StatusRuntimeException ex) {
			// The caller has left
		}
		catch (BrokenBarrierException | InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Override
	public void quarrel(QuarrelRequest request, StreamObserver<Line> out) {
		check(request.getLines(), request.getLineBytes());
		ByteString text = ByteString.copyFrom(new byte[request.getLineBytes()]);
		together(() -> speak(0, request.getLines(), text, out), () -> speak(1, request.getLines(), text, out));
		out.onCompleted();
	}

	private void speak(int actor, int lines, ByteString text, StreamObserver<Line> out) {
		try {
			for (int number = 0; number < lines; number++) {
				out.onNext(Line.newBuilder().setActor(actor).setNumber(number).setText(text).build());
			}
		}
		catch (ConcurrentStreamUseException ex) {
			this.stage.interrupt(String.valueOf(ex.getMessage()));
		}
		catch (StatusRuntimeException ex) {
			// The caller has left
		}
	}

	/** Runs one here, the other on a thread of its own, and waits for both. */
	private static void together(Runnable one, Runnable other) {
		Thread second = new Thread(other, "second-actor");
		second.setDaemon(true);
		second.start();
		one.run();
		try {
			second.join();
		}
		catch (InterruptedException ex) {
			second.interrupt();
			Thread.currentThread().interrupt();
		}
	}

	@Override
	public StreamObserver<Line> listen(StreamObserver<Heard> out) {
		return new Audience(out, this.blackboard);
	}

	@Override
	public void prompt(Line request, StreamObserver<Line> out) {
		CountDownLatch returned = new CountDownLatch(1);
		this.prompter.repeat(request, out, returned);
		returned.countDown();
	}

	@Override
	public void announce(AnnounceRequest request, StreamObserver<Line> out) {
		check(request.getLines(), request.getLineBytes());
		pause(request.getPauseMillis());
		ByteString text = ByteString.copyFrom(new byte[request.getLineBytes()]);
		try {
			for (int number = 0; number < request.getLines(); number++) {
				out.onNext(Line.newBuilder().setNumber(number).setText(text).build());
				this.stage.announce();
			}
		}
		catch (StatusRuntimeException ex) {
			if (ex.getStatus().getCode() != Status.Code.RESOURCE_EXHAUSTED) {
				return; // the caller has left
			}
			this.stage.refuseAnnouncement();
		}
		out.onCompleted();
	}

	/** What nobody should do on an event loop. */
	private static void pause(int millis) {
		long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Math.min(millis, MOST_PAUSE_MILLIS));
		for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
			LockSupport.parkNanos(left);
		}
	}

	private static void check(int lines, int lineBytes) {
		if (lines < 0 || lines > MOST_LINES || lineBytes < 0 || lineBytes > MOST_LINE_BYTES) {
			throw new UnreasonableRequestException("A play has up to %d lines of up to %d bytes, not %d of %d"
				.formatted(MOST_LINES, MOST_LINE_BYTES, lines, lineBytes));
		}
	}

	private static void answer(Line line, StreamObserver<Line> out) {
		out.onNext(line);
		out.onCompleted();
	}

}
