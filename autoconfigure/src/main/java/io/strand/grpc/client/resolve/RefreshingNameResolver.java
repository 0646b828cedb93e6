package io.strand.grpc.client.resolve;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import io.grpc.SynchronizationContext.ScheduledHandle;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Has another resolver resolve again at an interval: gRPC does so only when a connection
 * fails, so that a server which was added would get no calls while the others are well.
 * gRPC calls it, as any resolver, from the channel's synchronization context.
 *
 * <p>
 * Once there was an answer, one that fails is not passed on: some policies would drop
 * connections that work because the DNS server does not. Until there is one, it is asked
 * again soon: gRPC doubles its waits up to two minutes, and so would not see a name that
 * comes into being, such as that of a container that starts later. The same error is told
 * once, since gRPC logs each.
 */
final class RefreshingNameResolver extends NameResolver {

	private static final Log logger = LogFactory.getLog(RefreshingNameResolver.class);

	/**
	 * gRPC's DNS resolver measures the age of its answer from a moment after it has told
	 * it, and ignores who asks before that is over.
	 */
	private static final long SLACK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

	private final NameResolver delegate;

	private final long intervalNanos;

	private final long retryNanos;

	private final ResolvedAddresses addresses;

	private final SynchronizationContext syncContext;

	private final ScheduledExecutorService scheduler;

	// Mutable state, confined to syncContext

	private @Nullable ScheduledHandle timer;

	private boolean answered;

	/** Why there was no answer yet, when somebody was asked last. */
	private @Nullable Status failure;

	/** Whether nobody was asked since. */
	private boolean failing;

	private boolean shutdown;

	RefreshingNameResolver(NameResolver delegate, Duration interval, Duration retryInterval,
			ResolvedAddresses addresses, Args args) {
		this.delegate = delegate;
		this.intervalNanos = interval.isZero() ? 0 : interval.toNanos() + SLACK_NANOS;
		this.retryNanos = retryInterval.toNanos();
		this.addresses = addresses;
		this.syncContext = args.getSynchronizationContext();
		this.scheduler = args.getScheduledExecutorService();
	}

	@Override
	public String getServiceAuthority() {
		return this.delegate.getServiceAuthority();
	}

	@Override
	public void start(Listener2 listener) {
		this.delegate.start(new Answers(listener));
		this.syncContext.execute(this::schedule);
	}

	@Override
	public void refresh() {
		this.delegate.refresh();
	}

	@Override
	public void shutdown() {
		this.delegate.shutdown();
		this.syncContext.execute(() -> {
			this.shutdown = true;
			cancelTimer();
		});
	}

	private void schedule() {
		cancelTimer();
		long wait = waitNanos();
		if (wait > 0 && !this.shutdown) {
			this.timer = this.syncContext.schedule(this::refreshAndSchedule, wait, TimeUnit.NANOSECONDS,
					this.scheduler);
		}
	}

	private long waitNanos() {
		boolean soon = this.failing && this.retryNanos > 0
				&& (this.intervalNanos == 0 || this.retryNanos < this.intervalNanos);
		return soon ? this.retryNanos : this.intervalNanos;
	}

	private void refreshAndSchedule() {
		this.failing = false;
		this.delegate.refresh();
		schedule(); // from the answer on, if one comes
	}

	private boolean isKeptBack(Status error) {
		if (this.answered) {
			logger.debug("%s could not be resolved again, its last addresses are kept: %s"
				.formatted(getServiceAuthority(), error));
			return true;
		}
		Status before = this.failure;
		this.failure = error;
		this.failing = true;
		return this.retryNanos > 0 && before != null && before.getCode() == error.getCode()
				&& Objects.equals(before.getDescription(), error.getDescription());
	}

	private void cancelTimer() {
		if (this.timer != null) {
			this.timer.cancel();
			this.timer = null;
		}
	}

	private final class Answers extends Listener2 {

		private final Listener2 listener;

		Answers(Listener2 listener) {
			this.listener = listener;
		}

		@Override
		public void onResult(ResolutionResult result) {
			RefreshingNameResolver.this.syncContext.execute(() -> onResult2(result));
		}

		@Override
		public Status onResult2(ResolutionResult result) {
			StatusOr<List<EquivalentAddressGroup>> addresses = result.getAddressesOrError();
			if (!addresses.hasValue() && isKeptBack(addresses.getStatus())) {
				schedule();
				return Status.OK;
			}
			Status status = this.listener
				.onResult2(addresses.hasValue() ? merged(result, addresses.getValue()) : result);
			RefreshingNameResolver.this.answered |= addresses.hasValue() && status.isOk();
			schedule();
			return status;
		}

		private ResolutionResult merged(ResolutionResult result, List<EquivalentAddressGroup> found) {
			List<EquivalentAddressGroup> merged = Localhost.merge(found);
			RefreshingNameResolver.this.addresses.set(merged);
			return result.toBuilder().setAddressesOrError(StatusOr.fromValue(merged)).build();
		}

		@Override
		public void onError(Status error) {
			RefreshingNameResolver.this.syncContext.execute(() -> {
				if (!isKeptBack(error)) {
					this.listener.onError(error);
				}
				schedule();
			});
		}

	}

}
