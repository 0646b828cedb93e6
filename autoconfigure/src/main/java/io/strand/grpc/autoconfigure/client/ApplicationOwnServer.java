package io.strand.grpc.autoconfigure.client;

import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.BindableService;
import io.strand.grpc.autoconfigure.server.GrpcServerProperties;
import io.strand.grpc.client.OwnServer;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerStartedEvent;
import io.strand.grpc.service.ProtoServiceName;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationListener;

/**
 * Tells the clients of this application about its server. Learns of the server by its
 * events and of the services by the types of their beans: asking for the beans would
 * create services while they wait for their stubs.
 */
class ApplicationOwnServer implements OwnServer, ApplicationListener<GrpcServerStartedEvent> {

	private final ListableBeanFactory beans;

	private final ObjectProvider<GrpcServerProperties> properties;

	private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

	private volatile @Nullable GrpcServer server;

	ApplicationOwnServer(ListableBeanFactory beans, ObjectProvider<GrpcServerProperties> properties) {
		this.beans = beans;
		this.properties = properties;
	}

	@Override
	public boolean serves(String protoService) {
		if (this.beans.getBeanNamesForType(GrpcServer.class, true, false).length == 0) {
			return false;
		}
		for (String name : this.beans.getBeanNamesForType(BindableService.class, true, false)) {
			Class<?> type = this.beans.getType(name, false);
			if (type != null && protoService.equals(ProtoServiceName.of(type))) {
				return true;
			}
		}
		return false;
	}

	@Override
	public @Nullable String targetWithoutTcp() {
		GrpcServerProperties settings = this.properties.getIfAvailable();
		if (settings == null || settings.getPort() >= 0) {
			return null;
		}
		if (settings.getUnixSocket() != null) {
			return "unix:" + settings.getUnixSocket();
		}
		return (settings.getInProcess().getName() != null) ? "in-process:" + settings.getInProcess().getName() : null;
	}

	@Override
	public @Nullable SocketAddress address() {
		GrpcServer current = this.server;
		return (current != null) ? current.getLocalAddress() : null;
	}

	@Override
	public void onStart(Runnable listener) {
		this.listeners.add(listener);
	}

	@Override
	public void onApplicationEvent(GrpcServerStartedEvent event) {
		this.server = event.getServer();
		this.listeners.forEach(Runnable::run);
	}

}
