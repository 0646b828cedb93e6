package io.strand.grpc.autoconfigure.client;

import io.strand.grpc.client.GrpcChannels;

import org.springframework.context.SmartLifecycle;

/**
 * Connects channels when the application starts, before its servers take calls: what
 * cannot reach its peers should not be reached either.
 */
class ChannelStartUpLifecycle implements SmartLifecycle {

	/** Before web servers, and long before the gRPC server. */
	private static final int PHASE = SmartLifecycle.DEFAULT_PHASE - 4096;

	private final GrpcChannels channels;

	private volatile boolean running;

	ChannelStartUpLifecycle(GrpcChannels channels) {
		this.channels = channels;
	}

	@Override
	public void start() {
		this.channels.connect();
		this.running = true;
	}

	@Override
	public void stop() {
		this.running = false; // channels are closed with their bean, after those that
								// call
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	@Override
	public int getPhase() {
		return PHASE;
	}

}
