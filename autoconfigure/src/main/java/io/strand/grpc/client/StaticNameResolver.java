package io.strand.grpc.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

import io.grpc.Attributes;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import io.strand.grpc.client.ChannelTarget.HostAndPort;
import org.jspecify.annotations.Nullable;

/**
 * Resolves a fixed list of hosts. Each host is one address group with all its addresses,
 * and one connection goes to each of them; a host that does not resolve is left out as
 * long as another one does.
 */
final class StaticNameResolver extends NameResolver {

	private final List<HostAndPort> hosts;

	private final Executor offloadExecutor;

	private final SynchronizationContext syncContext;

	private final AtomicBoolean resolving = new AtomicBoolean();

	private volatile @Nullable Listener2 listener;

	StaticNameResolver(List<HostAndPort> hosts, Args args) {
		this.hosts = hosts;
		this.syncContext = args.getSynchronizationContext();
		Executor offload = args.getOffloadExecutor();
		this.offloadExecutor = (offload != null) ? offload : Runnable::run;
	}

	@Override
	public String getServiceAuthority() {
		return this.hosts.get(0).toString();
	}

	@Override
	public void start(Listener2 listener) {
		this.listener = listener;
		refresh();
	}

	@Override
	public void refresh() {
		if (this.resolving.compareAndSet(false, true)) {
			this.offloadExecutor.execute(() -> {
				StatusOr<List<EquivalentAddressGroup>> result = resolve();
				this.syncContext.execute(() -> publish(result));
			});
		}
	}

	private void publish(StatusOr<List<EquivalentAddressGroup>> result) {
		this.resolving.set(false);
		Listener2 current = this.listener;
		if (current != null) {
			current.onResult2(ResolutionResult.newBuilder().setAddressesOrError(result).build());
		}
	}

	private StatusOr<List<EquivalentAddressGroup>> resolve() {
		List<EquivalentAddressGroup> groups = new ArrayList<>();
		List<String> unknown = new ArrayList<>();
		for (HostAndPort host : this.hosts) {
			try {
				List<SocketAddress> addresses = Arrays.stream(InetAddress.getAllByName(host.host()))
					.<SocketAddress>map((address) -> new InetSocketAddress(address, host.port()))
					.toList();
				groups.add(new EquivalentAddressGroup(addresses,
						Attributes.newBuilder()
							.set(EquivalentAddressGroup.ATTR_AUTHORITY_OVERRIDE, host.toString())
							.build()));
			}
			catch (UnknownHostException ex) {
				unknown.add(host.host());
			}
		}
		return groups.isEmpty()
				? StatusOr.fromStatus(Status.UNAVAILABLE.withDescription("None of these hosts resolves: " + unknown))
				: StatusOr.fromValue(groups);
	}

	@Override
	public void shutdown() {
		this.listener = null;
	}

}
