package io.strand.grpc.client.resolve;

import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;

import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.Status;
import io.grpc.util.ForwardingLoadBalancer;
import io.grpc.util.ForwardingLoadBalancerHelper;
import io.grpc.util.ForwardingSubchannel;
import io.grpc.util.GracefulSwitchLoadBalancer;
import io.strand.grpc.client.resolve.AddressNotingPolicy.Config;

/**
 * Notes the addresses that another balancer has subchannels for, as long as it has them,
 * whether they can be connected to or not. As every balancer it is called from the
 * channel's synchronization context; the notes may be read by any thread.
 */
final class AddressNotingBalancer extends ForwardingLoadBalancer {

	private final GracefulSwitchLoadBalancer delegate;

	/** By the number of the subchannel: in the order in which they were made. */
	private final SortedMap<Long, List<EquivalentAddressGroup>> noted = new ConcurrentSkipListMap<>();

	private long made;

	AddressNotingBalancer(Helper helper) {
		this.delegate = new GracefulSwitchLoadBalancer(new NotingHelper(helper));
	}

	@Override
	protected LoadBalancer delegate() {
		return this.delegate;
	}

	@Override
	public Status acceptResolvedAddresses(ResolvedAddresses resolved) {
		Config config = (Config) Objects.requireNonNull(resolved.getLoadBalancingPolicyConfig());
		config.addresses().follow(this.noted.values());
		return this.delegate
			.acceptResolvedAddresses(resolved.toBuilder().setLoadBalancingPolicyConfig(config.child()).build());
	}

	private final class NotingHelper extends ForwardingLoadBalancerHelper {

		private final Helper helper;

		NotingHelper(Helper helper) {
			this.helper = helper;
		}

		@Override
		protected Helper delegate() {
			return this.helper;
		}

		@Override
		public Subchannel createSubchannel(CreateSubchannelArgs args) {
			Long number = AddressNotingBalancer.this.made++;
			Subchannel subchannel = new NotedSubchannel(super.createSubchannel(args), number);
			AddressNotingBalancer.this.noted.put(number, args.getAddresses());
			return subchannel;
		}

	}

	private final class NotedSubchannel extends ForwardingSubchannel {

		private final Subchannel subchannel;

		private final Long number;

		NotedSubchannel(Subchannel subchannel, Long number) {
			this.subchannel = subchannel;
			this.number = number;
		}

		@Override
		protected Subchannel delegate() {
			return this.subchannel;
		}

		@Override
		public void updateAddresses(List<EquivalentAddressGroup> addresses) {
			super.updateAddresses(addresses);
			AddressNotingBalancer.this.noted.replace(this.number, addresses);
		}

		@Override
		public void shutdown() {
			super.shutdown();
			AddressNotingBalancer.this.noted.remove(this.number);
		}

	}

}
