package io.strand.grpc.client.resolve;

import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import org.jspecify.annotations.Nullable;

/**
 * Resolves by asking somebody who may block, one question at a time. A question that
 * comes while one is being answered is asked after it: what it is about may have come too
 * late for the first. This class is thread-safe.
 */
public final class LookupNameResolver extends NameResolver {

	private final String authority;

	private final Supplier<List<EquivalentAddressGroup>> lookup;

	private final Set<LookupNameResolver> active;

	private final Executor offloadExecutor;

	private final SynchronizationContext syncContext;

	// Mutable state, confined to syncContext

	private @Nullable Listener2 listener;

	private boolean asking;

	private boolean askAgain;

	/**
	 * Asks nothing yet.
	 * @param authority the name that servers are asked for and verified as
	 * @param lookup what to ask; its exceptions' messages are for the user
	 * @param active a thread-safe set that it is in from its start to its shutdown
	 * @param args the channel's arguments
	 */
	public LookupNameResolver(String authority, Supplier<List<EquivalentAddressGroup>> lookup,
			Set<LookupNameResolver> active, Args args) {
		this.authority = authority;
		this.lookup = lookup;
		this.active = active;
		Executor offload = args.getOffloadExecutor();
		this.offloadExecutor = (offload != null) ? offload : Runnable::run;
		this.syncContext = args.getSynchronizationContext();
	}

	@Override
	public String getServiceAuthority() {
		return this.authority;
	}

	@Override
	public void start(Listener2 listener) {
		this.active.add(this);
		this.syncContext.execute(() -> {
			this.listener = listener;
			ask();
		});
	}

	@Override
	public void refresh() {
		this.syncContext.execute(this::ask);
	}

	private void ask() {
		if (this.asking) {
			this.askAgain = true;
		}
		else if (this.listener != null) {
			this.asking = true;
			this.offloadExecutor.execute(() -> {
				StatusOr<List<EquivalentAddressGroup>> answer = answer();
				this.syncContext.execute(() -> tell(answer));
			});
		}
	}

	private StatusOr<List<EquivalentAddressGroup>> answer() {
		try {
			return StatusOr.fromValue(this.lookup.get());
		}
		catch (RuntimeException ex) {
			return StatusOr.fromStatus(Status.UNAVAILABLE
				.withDescription("'%s' cannot be resolved: %s".formatted(this.authority, ex.getMessage()))
				.withCause(ex));
		}
	}

	private void tell(StatusOr<List<EquivalentAddressGroup>> answer) {
		this.asking = false;
		if (this.listener != null) {
			this.listener.onResult2(ResolutionResult.newBuilder().setAddressesOrError(answer).build());
		}
		if (this.askAgain) {
			this.askAgain = false;
			ask();
		}
	}

	@Override
	public void shutdown() {
		this.active.remove(this);
		this.syncContext.execute(() -> this.listener = null);
	}

}
