package io.strand.grpc.sample.theatre;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.strand.grpc.sample.proto.Line;
import jakarta.annotation.PreDestroy;

import org.springframework.stereotype.Component;

/**
 * Answers calls whose handlers have returned, from a thread of its own. Thread-safe.
 */
@Component
public class Prompter {

	private final ExecutorService thread = Executors.newSingleThreadExecutor((task) -> {
		Thread made = new Thread(task, "prompter");
		made.setDaemon(true);
		return made;
	});

	private final AtomicInteger answered = new AtomicInteger();

	/**
	 * Repeats a line later.
	 * @param line the line
	 * @param out where
	 * @param returned opened when the handler returns
	 */
	void repeat(Line line, StreamObserver<Line> out, CountDownLatch returned) {
		this.thread.execute(() -> {
			try {
				returned.await();
				this.answered.incrementAndGet();
				out.onNext(line);
				out.onCompleted();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt(); // the application ends
			}
			catch (StatusRuntimeException ex) {
				// The caller has left
			}
		});
	}

	/**
	 * The calls that were answered after their handlers had returned.
	 * @return how many
	 */
	public int answered() {
		return this.answered.get();
	}

	@PreDestroy
	void leave() {
		this.thread.shutdownNow();
	}

}
