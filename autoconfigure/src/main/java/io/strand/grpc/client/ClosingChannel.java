package io.strand.grpc.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.grpc.ManagedChannel;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * A channel that is closed with the context, or was replaced and waits for the last of
 * its calls.
 *
 * @param channel the channel
 * @param gracePeriod how long its calls are waited for
 */
record ClosingChannel(ManagedChannel channel, Duration gracePeriod) {

	private static final Log logger = LogFactory.getLog(GrpcChannels.class);

	private static final Duration CANCEL_PERIOD = Duration.ofSeconds(2);

	/**
	 * Closes channels at the same time. Blocks until their calls have ended, at most the
	 * longest grace period and two seconds. An interrupt cancels the calls, and stays.
	 * @param closing the channels
	 */
	static void closeAll(List<ClosingChannel> closing) {
		closing.forEach((channel) -> channel.channel.shutdown());
		try {
			long start = System.nanoTime();
			for (ClosingChannel channel : closing) {
				channel.awaitOrCancel(start);
			}
			long cancelled = System.nanoTime();
			for (ClosingChannel channel : closing) {
				channel.await(cancelled, CANCEL_PERIOD);
			}
		}
		catch (InterruptedException ex) {
			closing.forEach((channel) -> channel.channel.shutdownNow());
			Thread.currentThread().interrupt();
		}
	}

	boolean isOver() {
		return hasNoConnection(this.channel);
	}

	/** Whether nothing is left of a channel but callbacks that perhaps nobody runs. */
	static boolean hasNoConnection(ManagedChannel channel) {
		if (channel instanceof RunTimeChannel madeAtRunTime) {
			return madeAtRunTime.hasNoConnection();
		}
		return (channel instanceof TrackedChannel tracked) ? tracked.hasNoConnection() : channel.isTerminated();
	}

	private void awaitOrCancel(long start) throws InterruptedException {
		if (!await(start, this.gracePeriod)) {
			logger.warn("Calls to %s still running after the grace period of %d ms are cancelled"
				.formatted(this.channel.authority(), this.gracePeriod.toMillis()));
			this.channel.shutdownNow();
		}
	}

	private boolean await(long start, Duration period) throws InterruptedException {
		long left = period.toNanos() - (System.nanoTime() - start);
		return this.channel.awaitTermination(Math.max(left, 0), TimeUnit.NANOSECONDS);
	}

}
