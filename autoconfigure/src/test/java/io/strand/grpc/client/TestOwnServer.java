package io.strand.grpc.client;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.jspecify.annotations.Nullable;

/**
 * An own server that does what a test says.
 */
class TestOwnServer implements OwnServer {

	volatile boolean serves;

	volatile @Nullable SocketAddress address;

	final List<Runnable> listeners = new CopyOnWriteArrayList<>();

	@Override
	public boolean serves(String protoService) {
		return this.serves;
	}

	@Override
	public Class<? extends SocketAddress> addressType() {
		return InetSocketAddress.class;
	}

	@Override
	public @Nullable SocketAddress address() {
		return this.address;
	}

	@Override
	public void onStart(Runnable listener) {
		this.listeners.add(listener);
	}

}
