package io.strand.grpc.client.credentials;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Attributes;
import io.grpc.CallCredentials;
import io.grpc.CallCredentials.MetadataApplier;
import io.grpc.CallCredentials.RequestInfo;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.Status;
import io.strand.grpc.testing.ConcurrentRun;
import io.strand.grpc.testing.EchoGrpc;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * A token is fetched once for all calls, and the failure to get one is told.
 */
class FetchedTokenTests {

	private final ExecutorService executor = Executors.newCachedThreadPool();

	@AfterEach
	void shutDown() throws Exception {
		this.executor.shutdownNow();
		assertThat(this.executor.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
	}

	@RepeatedTest(20)
	void callsThatNeedATokenAtOnceFetchItOnce() {
		AtomicInteger fetches = new AtomicInteger();
		CallCredentials credentials = AuthorizationCredentials
			.bearer(() -> new AccessToken("t" + fetches.incrementAndGet(), null));
		ConcurrentRun.of(16, (index) -> {
			for (int i = 0; i < 50; i++) {
				assertThat(authorization(credentials)).isEqualTo("Bearer t1");
			}
		}).join(Duration.ofSeconds(30));
	}

	@RepeatedTest(20)
	void callsThatNeedANewTokenAtOnceFetchItOnce() {
		AtomicInteger fetches = new AtomicInteger();
		CallCredentials credentials = AuthorizationCredentials
			.bearer(() -> new AccessToken("t" + fetches.incrementAndGet(),
					(fetches.get() == 1) ? Instant.now().minusSeconds(1) : null));
		assertThat(authorization(credentials)).isEqualTo("Bearer t1");
		ConcurrentRun.of(16, (index) -> assertThat(authorization(credentials)).isEqualTo("Bearer t2"))
			.join(Duration.ofSeconds(30));
		assertThat(fetches).hasValue(2);
	}

	@Test
	void theThreadOfTheCallDoesNotWait() throws Exception {
		CountDownLatch gate = new CountDownLatch(1);
		CallCredentials credentials = AuthorizationCredentials.bearer(() -> {
			gate.await();
			return new AccessToken("late", null);
		});
		Outcome first = apply(credentials, this.executor);
		Outcome second = apply(credentials, this.executor);
		assertThat(first.isDone()).isFalse();
		assertThat(second.isDone()).isFalse();
		gate.countDown();
		assertThat(first.authorization()).isEqualTo("Bearer late");
		assertThat(second.authorization()).isEqualTo("Bearer late");
	}

	@Test
	void aFetchThatFailedIsNotTheLast() {
		AtomicInteger fetches = new AtomicInteger();
		CallCredentials credentials = AuthorizationCredentials.bearer(() -> {
			if (fetches.incrementAndGet() == 1) {
				throw new IOException("no route to host");
			}
			return new AccessToken("second", null);
		});
		Status status = apply(credentials, this.executor).status();
		assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		assertThat(status.getDescription()).startsWith("No access token was obtained: ").contains("no route to host");
		assertThat(authorization(credentials)).isEqualTo("Bearer second");
	}

	@Test
	void aRefusalIsUnauthenticated() {
		Status status = apply(AuthorizationCredentials.bearer(() -> {
			throw new IllegalStateException("invalid_client");
		}), this.executor).status();
		assertThat(status.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
		assertThat(status.getDescription()).contains("invalid_client");
	}

	@Test
	void aTokenThatNoHeaderCanCarryIsNotSentNorShown() {
		Status status = apply(AuthorizationCredentials.bearer(() -> new AccessToken("s3cret\nx: y", null)),
				this.executor)
			.status();
		assertThat(status.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
		assertThat(status.getDescription()).contains("position 7").doesNotContain("s3cret");
	}

	@Test
	void aFetchThatTakesTooLongIsInterruptedAndAnotherCanBegin() throws Exception {
		CountDownLatch interrupted = new CountDownLatch(1);
		AtomicInteger fetches = new AtomicInteger();
		CallCredentials credentials = new FetchedToken(() -> {
			if (fetches.incrementAndGet() > 1) {
				return new AccessToken("second", null);
			}
			try {
				new CountDownLatch(1).await();
			}
			catch (InterruptedException ex) {
				interrupted.countDown();
			}
			throw new IllegalStateException("too late");
		}, Duration.ofSeconds(2), FetchedToken.TRIAL);
		Status status = apply(credentials, this.executor).status();
		assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		assertThat(status.getDescription()).isEqualTo("No access token was obtained within 2000 ms");
		assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
		assertThat(authorization(credentials)).isEqualTo("Bearer second");
	}

	@Test
	void aTokenThatAServerRefusesIsReplaced() {
		Anew source = new Anew();
		FetchedToken credentials = new FetchedToken(source, FetchedToken.PATIENCE, Duration.ZERO);
		assertThat(authorization(credentials)).isEqualTo("Bearer t1");
		credentials.refused("Bearer t1");
		source.failing = true;
		assertThat(apply(credentials, this.executor).status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		source.failing = false;
		assertThat(authorization(credentials)).isEqualTo("Bearer t3");
		assertThat(source.anew).hasValue(2);
		// A call that had the old one too ends later
		credentials.refused("Bearer t1");
		assertThat(authorization(credentials)).isEqualTo("Bearer t3");
	}

	@Test
	void aTokenThatAServerRefusesAtOnceIsNotReplacedAllTheTime() {
		Anew source = new Anew();
		FetchedToken credentials = new FetchedToken(source);
		for (int i = 0; i < 5; i++) {
			assertThat(authorization(credentials)).isEqualTo("Bearer t1");
			credentials.refused("Bearer t1");
		}
		assertThat(source.anew).hasValue(0);
	}

	@Test
	void aCallThatCannotTakeItsTokenIsTold() {
		Outcome outcome = new Outcome() {

			@Override
			public void apply(Metadata headers) {
				throw new IllegalStateException("no stream");
			}

		};
		AuthorizationCredentials.bearer(() -> new AccessToken("t", null))
			.applyRequestMetadata(new Request(), this.executor, outcome);
		assertThat(outcome.status().getCause()).hasMessage("no stream");
	}

	@Test
	void anExecutorThatIsShutDownIsTold() {
		CallCredentials credentials = AuthorizationCredentials.bearer(() -> new AccessToken("t", null));
		assertThat(apply(credentials, (task) -> {
			throw new RejectedExecutionException("closed");
		}).status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
		assertThat(authorization(credentials)).isEqualTo("Bearer t");
	}

	@Test
	void aFileIsReadAndItsWhiteSpaceLeftOut(@TempDir Path directory) throws Exception {
		Path file = Files.writeString(directory.resolve("token"), " from-file\n");
		assertThat(authorization(AuthorizationCredentials.bearer(file))).isEqualTo("Bearer from-file");
		assertThat(AuthorizationCredentials.read(file).reusableUntil()).isBetween(Instant.now().plusSeconds(1),
				Instant.now().plusSeconds(10));
		Files.delete(file);
		assertThat(apply(AuthorizationCredentials.bearer(file), this.executor).status().getCode())
			.isEqualTo(Status.Code.UNAVAILABLE);
	}

	@Test
	void theTextOfATokenDoesNotShowIt() {
		assertThat(new AccessToken("s3cret", null)).asString().doesNotContain("s3cret");
	}

	@Test
	void namesWithColonsAndControlCharactersAreRefused() {
		assertThatIllegalArgumentException().isThrownBy(() -> AuthorizationCredentials.basic("a:b", "c"))
			.withMessageContaining("colon");
		assertThatIllegalArgumentException().isThrownBy(() -> AuthorizationCredentials.basic("a", "b\n"))
			.withMessageContaining("control character");
		assertThatIllegalArgumentException().isThrownBy(() -> AuthorizationCredentials.bearer(""))
			.withMessageContaining("empty");
	}

	private String authorization(CallCredentials credentials) {
		return apply(credentials, this.executor).authorization();
	}

	private static Outcome apply(CallCredentials credentials, Executor executor) {
		Outcome outcome = new Outcome();
		credentials.applyRequestMetadata(new Request(), executor, outcome);
		return outcome;
	}

	private static final class Anew implements TokenSource {

		private final AtomicInteger fetches = new AtomicInteger();

		private final AtomicInteger anew = new AtomicInteger();

		private volatile boolean failing;

		@Override
		public AccessToken fetch() throws IOException {
			int count = this.fetches.incrementAndGet();
			if (this.failing) {
				throw new IOException("down");
			}
			return new AccessToken("t" + count, null);
		}

		@Override
		public AccessToken fetchAnew() throws IOException {
			this.anew.incrementAndGet();
			return fetch();
		}

	}

	private static class Outcome extends MetadataApplier {

		private final CompletableFuture<Object> result = new CompletableFuture<>();

		@Override
		public void apply(Metadata headers) {
			assertThat(this.result.complete(headers)).isTrue();
		}

		@Override
		public void fail(Status status) {
			assertThat(this.result.complete(status)).isTrue();
		}

		boolean isDone() {
			return this.result.isDone();
		}

		String authorization() {
			return ((Metadata) await30()).get(AuthorizationCredentials.AUTHORIZATION);
		}

		Status status() {
			return (Status) await30();
		}

		private Object await30() {
			try {
				return this.result.get(30, TimeUnit.SECONDS);
			}
			catch (TimeoutException ex) {
				throw new AssertionError("Neither headers nor a failure", ex);
			}
			catch (Exception ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

	private static final class Request extends RequestInfo {

		@Override
		public MethodDescriptor<?, ?> getMethodDescriptor() {
			return EchoGrpc.getUnaryMethod();
		}

		@Override
		public SecurityLevel getSecurityLevel() {
			return SecurityLevel.PRIVACY_AND_INTEGRITY;
		}

		@Override
		public String getAuthority() {
			return "localhost";
		}

		@Override
		public Attributes getTransportAttrs() {
			return Attributes.EMPTY;
		}

	}

}
