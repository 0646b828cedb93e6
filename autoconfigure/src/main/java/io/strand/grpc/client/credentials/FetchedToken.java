package io.strand.grpc.client.credentials;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * A bearer token that all calls share, fetched when one of them needs it. Thread-safe.
 *
 * <p>
 * {@link #latest} is the fetch that was begun last. While it runs, calls wait for it, and
 * none starts another; when it is over, they take its token as long as that may be
 * reused. The first call for which that is not so puts a new fetch in its place. It does
 * not run on that call's thread, so what happens to the call does not touch the others. A
 * token that a server refuses is replaced too, but not all the time: it may refuse any.
 */
final class FetchedToken extends CallCredentials {

	/**
	 * How long calls without a deadline wait for a token. A channel closes no connection
	 * while they do, not even by force.
	 */
	static final Duration PATIENCE = Duration.ofSeconds(30);

	/** How long a token is used at least, though servers refuse it. */
	static final Duration TRIAL = Duration.ofSeconds(10);

	private final TokenSource source;

	private final Duration patience;

	private final Duration trial;

	private final AtomicReference<@Nullable Fetch> latest = new AtomicReference<>();

	FetchedToken(TokenSource source) {
		this(source, PATIENCE, TRIAL);
	}

	FetchedToken(TokenSource source, Duration patience, Duration trial) {
		this.source = source;
		this.patience = patience;
		this.trial = trial;
	}

	@Override
	public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
		var unused = fetch(executor).result.whenComplete((token, failure) -> {
			if (failure != null) {
				applier.fail(status(failure));
			}
			else {
				apply(token, applier);
			}
		});
	}

	/** Nobody would be told of an exception, and the call would wait for ever. */
	private static void apply(AccessToken token, MetadataApplier applier) {
		try {
			applier.apply(headers(token));
		}
		catch (RuntimeException ex) {
			applier.fail(Status.UNAUTHENTICATED.withDescription("The access token could not be sent").withCause(ex));
		}
	}

	private static Metadata headers(AccessToken token) {
		return AuthorizationCredentials.headers(AuthorizationCredentials.bearer(token));
	}

	private Fetch fetch(Executor executor) {
		while (true) {
			Fetch fetch = this.latest.get();
			if (fetch != null && fetch.isUsable()) {
				return fetch;
			}
			Fetch next = new Fetch(this.source, fetch != null && fetch.isToBeDoneAnew());
			if (this.latest.compareAndSet(fetch, next)) {
				next.start(executor, this.patience);
				return next;
			}
		}
	}

	/**
	 * A server did not accept what a call has sent. The next call gets another token, if
	 * it was the latest and has been tried long enough.
	 * @param authorization the header that the call has sent
	 */
	void refused(String authorization) {
		Fetch fetch = this.latest.get();
		if (fetch != null && System.nanoTime() - fetch.start >= this.trial.toNanos() && fetch.gave(authorization)) {
			fetch.refused = true;
		}
	}

	private Status status(Throwable failure) {
		if (failure instanceof TimeoutException) {
			return Status.UNAVAILABLE
				.withDescription("No access token was obtained within %d ms".formatted(this.patience.toMillis()))
				.withCause(failure);
		}
		boolean passing = failure instanceof RejectedExecutionException;
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			passing |= cause instanceof IOException;
		}
		return (passing ? Status.UNAVAILABLE : Status.UNAUTHENTICATED)
			.withDescription("No access token was obtained: " + failure)
			.withCause(failure);
	}

	/**
	 * One attempt to get a token.
	 */
	private static final class Fetch {

		private final CompletableFuture<AccessToken> result = new CompletableFuture<>();

		private final FutureTask<@Nullable Void> task;

		private final boolean anew;

		private final long start = System.nanoTime();

		private volatile boolean refused;

		Fetch(TokenSource source, boolean anew) {
			this.task = new FutureTask<>(() -> run(source), null);
			this.anew = anew;
		}

		private void run(TokenSource source) {
			try {
				this.result.complete(this.anew ? source.fetchAnew() : source.fetch());
			}
			catch (Throwable ex) {
				this.result.completeExceptionally(ex);
			}
		}

		void start(Executor executor, Duration patience) {
			var unused = this.result.orTimeout(patience.toNanos(), TimeUnit.NANOSECONDS)
				.whenComplete((token, failure) -> {
					if (failure instanceof TimeoutException) {
						this.task.cancel(true);
					}
				});
			try {
				executor.execute(this.task);
			}
			catch (RejectedExecutionException ex) {
				this.result.completeExceptionally(ex);
			}
		}

		boolean isUsable() {
			if (!this.result.isDone()) {
				return true;
			}
			return !this.result.isCompletedExceptionally() && !this.refused && this.result.join().isReusable();
		}

		boolean gave(String authorization) {
			return this.result.isDone() && !this.result.isCompletedExceptionally()
					&& AuthorizationCredentials.bearer(this.result.join()).equals(authorization);
		}

		/** Its token was refused, or it was to replace such a one and failed. */
		boolean isToBeDoneAnew() {
			return this.refused || (this.anew && this.result.isCompletedExceptionally());
		}

	}

}
