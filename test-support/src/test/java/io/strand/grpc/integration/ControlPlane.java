package io.strand.grpc.integration;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import com.google.protobuf.Any;
import com.google.protobuf.UInt32Value;
import io.envoyproxy.controlplane.cache.v3.SimpleCache;
import io.envoyproxy.controlplane.cache.v3.Snapshot;
import io.envoyproxy.controlplane.server.V3DiscoveryServer;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.DiscoveryType;
import io.envoyproxy.envoy.config.cluster.v3.Cluster.EdsClusterConfig;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.Locality;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.endpoint.v3.Endpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LbEndpoint;
import io.envoyproxy.envoy.config.endpoint.v3.LocalityLbEndpoints;
import io.envoyproxy.envoy.config.listener.v3.ApiListener;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.Route;
import io.envoyproxy.envoy.config.route.v3.RouteAction;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.RouteMatch;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.Rds;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;

/**
 * An xDS control plane with one service, {@code shop}.
 */
final class ControlPlane implements AutoCloseable {

	private static final String ALL_NODES = "all";

	private static final ConfigSource ADS = ConfigSource.newBuilder()
		.setAds(AggregatedConfigSource.getDefaultInstance())
		.build();

	private final SimpleCache<String> cache = new SimpleCache<>((node) -> ALL_NODES);

	private final AtomicInteger version = new AtomicInteger();

	private final Server server;

	ControlPlane() {
		try {
			this.server = NettyServerBuilder.forPort(0, InsecureServerCredentials.create())
				.addService(new V3DiscoveryServer(this.cache).getAggregatedDiscoveryServiceImpl())
				.build()
				.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * What a client needs to know of it.
	 * @return JSON
	 */
	String bootstrap() {
		return """
				{"xds_servers": [{"server_uri": "127.0.0.1:%d", "channel_creds": [{"type": "insecure"}],\
				 "server_features": ["xds_v3"]}], "node": {"id": "test"}}""".formatted(this.server.getPort());
	}

	/**
	 * Says where the service is.
	 * @param backends its servers
	 */
	void publish(Backend... backends) {
		LocalityLbEndpoints.Builder endpoints = LocalityLbEndpoints.newBuilder()
			.setLocality(Locality.newBuilder().setRegion("here"))
			.setLoadBalancingWeight(UInt32Value.of(1));
		for (Backend backend : backends) {
			SocketAddress address = SocketAddress.newBuilder()
				.setAddress("127.0.0.1")
				.setPortValue(backend.port())
				.build();
			endpoints.addLbEndpoints(LbEndpoint.newBuilder()
				.setEndpoint(Endpoint.newBuilder().setAddress(Address.newBuilder().setSocketAddress(address))));
		}
		ClusterLoadAssignment assignment = ClusterLoadAssignment.newBuilder()
			.setClusterName("shop-endpoints")
			.addEndpoints(endpoints)
			.build();
		this.cache.setSnapshot(ALL_NODES, Snapshot.create(List.of(cluster()), List.of(assignment), List.of(listener()),
				List.of(route()), List.of(), String.valueOf(this.version.incrementAndGet())));
	}

	private static Listener listener() {
		HttpConnectionManager connections = HttpConnectionManager.newBuilder()
			.setRds(Rds.newBuilder().setConfigSource(ADS).setRouteConfigName("shop-route"))
			.addHttpFilters(
					HttpFilter.newBuilder().setName("router").setTypedConfig(Any.pack(Router.getDefaultInstance())))
			.build();
		return Listener.newBuilder()
			.setName("shop")
			.setApiListener(ApiListener.newBuilder().setApiListener(Any.pack(connections)))
			.build();
	}

	private static RouteConfiguration route() {
		Route route = Route.newBuilder()
			.setMatch(RouteMatch.newBuilder().setPrefix(""))
			.setRoute(RouteAction.newBuilder().setCluster("shop-cluster"))
			.build();
		return RouteConfiguration.newBuilder()
			.setName("shop-route")
			.addVirtualHosts(VirtualHost.newBuilder().setName("shop").addDomains("*").addRoutes(route))
			.build();
	}

	private static Cluster cluster() {
		return Cluster.newBuilder()
			.setName("shop-cluster")
			.setType(DiscoveryType.EDS)
			.setEdsClusterConfig(EdsClusterConfig.newBuilder().setEdsConfig(ADS).setServiceName("shop-endpoints"))
			.build();
	}

	@Override
	public void close() throws InterruptedException {
		this.server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
	}

}
