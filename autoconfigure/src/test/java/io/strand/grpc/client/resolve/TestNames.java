package io.strand.grpc.client.resolve;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import org.jspecify.annotations.Nullable;

/**
 * Resolves every name to what a test says, and only when asked, as DNS does.
 */
public final class TestNames extends NameResolverProvider {

	private final String scheme;

	private final AtomicInteger questions = new AtomicInteger();

	private volatile @Nullable String policy;

	private volatile StatusOr<List<EquivalentAddressGroup>> answer = StatusOr.fromStatus(Status.UNAVAILABLE);

	public TestNames(String scheme) {
		this.scheme = scheme;
	}

	/**
	 * Sets the answer to the questions that come.
	 * @param ports ports of the loopback interface
	 */
	public void answer(int... ports) {
		this.answer = StatusOr.fromValue(Arrays.stream(ports)
			.mapToObj(
					(port) -> new EquivalentAddressGroup(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)))
			.toList());
	}

	public void fail() {
		this.answer = StatusOr.fromStatus(Status.UNAVAILABLE.withDescription("DNS is down"));
	}

	/**
	 * Adds a service config to the answers.
	 * @param policy the load-balancing policy in it
	 */
	public void usePolicy(String policy) {
		this.policy = policy;
	}

	/**
	 * How often it was asked.
	 * @return the count
	 */
	public int questions() {
		return this.questions.get();
	}

	@Override
	public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
		return new Resolver(args.getSynchronizationContext(), args.getServiceConfigParser());
	}

	@Override
	public String getDefaultScheme() {
		return this.scheme;
	}

	@Override
	protected boolean isAvailable() {
		return true;
	}

	@Override
	protected int priority() {
		return 5;
	}

	private final class Resolver extends NameResolver {

		private final SynchronizationContext syncContext;

		private final ServiceConfigParser parser;

		private volatile @Nullable Listener2 listener;

		Resolver(SynchronizationContext syncContext, ServiceConfigParser parser) {
			this.syncContext = syncContext;
			this.parser = parser;
		}

		@Override
		public String getServiceAuthority() {
			return "test";
		}

		@Override
		public void start(Listener2 listener) {
			this.listener = listener;
			refresh();
		}

		@Override
		public void refresh() {
			TestNames.this.questions.incrementAndGet();
			this.syncContext.execute(() -> {
				Listener2 current = this.listener;
				if (current != null) {
					current.onResult2(ResolutionResult.newBuilder()
						.setAddressesOrError(TestNames.this.answer)
						.setServiceConfig(serviceConfig())
						.build());
				}
			});
		}

		private @Nullable ConfigOrError serviceConfig() {
			String named = TestNames.this.policy;
			return (named != null)
					? this.parser.parseServiceConfig(Map.of("loadBalancingConfig", List.of(Map.of(named, Map.of()))))
					: null;
		}

		@Override
		public void shutdown() {
			this.listener = null;
		}

	}

}
