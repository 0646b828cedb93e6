package io.strand.grpc.autoconfigure.client;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.grpc.BindableService;
import io.grpc.inprocess.InProcessSocketAddress;
import io.strand.grpc.autoconfigure.server.GrpcServerProperties;
import io.strand.grpc.client.OwnServer;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.server.GrpcServerStartedEvent;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.service.ProtoServiceName;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationListener;
import org.springframework.core.Ordered;

/**
 * Tells the clients of this application about its server. Learns of the server by its
 * events and of the services by the types of their beans: asking for the beans would
 * create services while they wait for their stubs. Thread-safe.
 */
class ApplicationOwnServer implements OwnServer, ApplicationListener<GrpcServerStartedEvent>, Ordered {

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
		if (this.beans.getBeanNamesForType(GrpcServer.class, true, false).length == 0 || isElsewhere(protoService)) {
			return false;
		}
		for (String name : this.beans.getBeanNamesForType(BindableService.class, true, false)) {
			Class<?> type = this.beans.getType(name, false);
			if (type != null && protoService.equals(ProtoServiceName.of(type)) && isServed(name)) {
				return true;
			}
		}
		return servesByPlainMethods(protoService);
	}

	/**
	 * What a listener has to itself is not served where a channel to this server goes.
	 */
	private boolean isElsewhere(String protoService) {
		GrpcServerProperties settings = this.properties.getIfAvailable();
		return settings != null && settings.getListeners()
			.values()
			.stream()
			.anyMatch((listener) -> listener.isExclusive() && listener.getServices().contains(protoService));
	}

	private boolean servesByPlainMethods(String protoService) {
		for (String name : this.beans.getBeanDefinitionNames()) {
			GrpcService annotation = this.beans.findAnnotationOnBean(name, GrpcService.class, false);
			if (annotation != null && protoService.equals(ProtoServiceName.declaredBy(annotation.value()))) {
				return true;
			}
		}
		return false;
	}

	private boolean isServed(String beanName) {
		GrpcServerProperties settings = this.properties.getIfAvailable();
		return settings == null || settings.isServeAllBindableServices()
				|| this.beans.findAnnotationOnBean(beanName, GrpcService.class, false) != null;
	}

	@Override
	public Class<? extends SocketAddress> addressType() {
		GrpcServerProperties settings = this.properties.getIfAvailable();
		if (settings != null && settings.getPort() < 0) {
			if (settings.getUnixSocket() != null) {
				return UnixDomainSocketAddress.class;
			}
			if (settings.getInProcess().getName() != null) {
				return InProcessSocketAddress.class;
			}
		}
		return InetSocketAddress.class;
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
		// Events of a child context come here too
		if (this.beans.getBeanProvider(GrpcServer.class).stream().anyMatch(event.getServer()::equals)) {
			this.server = event.getServer();
			this.listeners.forEach(Runnable::run);
		}
	}

	/**
	 * Before the listeners of the application, which may call it.
	 */
	@Override
	public int getOrder() {
		return Ordered.HIGHEST_PRECEDENCE;
	}

}
