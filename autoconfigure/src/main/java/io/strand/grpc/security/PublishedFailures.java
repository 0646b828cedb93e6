package io.strand.grpc.security;

import org.springframework.context.ApplicationListener;
import org.springframework.security.authentication.event.AbstractAuthenticationFailureEvent;

/**
 * Knows whether the failure of the authentication that the current thread is at has been
 * published already, as the managers of some applications do and those of others do not.
 * Thread-safe.
 */
public final class PublishedFailures implements ApplicationListener<AbstractAuthenticationFailureEvent> {

	private final ThreadLocal<Attempt> current = new ThreadLocal<>();

	@Override
	public void onApplicationEvent(AbstractAuthenticationFailureEvent event) {
		Attempt attempt = this.current.get();
		if (attempt != null) {
			attempt.published = true;
		}
	}

	Attempt attempt() {
		Attempt attempt = new Attempt(this.current);
		this.current.set(attempt);
		return attempt;
	}

	boolean isPublished() {
		Attempt attempt = this.current.get();
		return attempt != null && attempt.published;
	}

	/** Confined to the thread. */
	static final class Attempt implements AutoCloseable {

		private final ThreadLocal<Attempt> current;

		private boolean published;

		Attempt(ThreadLocal<Attempt> current) {
			this.current = current;
		}

		@Override
		public void close() {
			this.current.remove();
		}

	}

}
