package com.example.shop;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.strand.grpc.client.GrpcClient;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.ActiveProfiles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * The guide's page about deadlines and retries.
 */
@SpringBootTest(properties = "strand.server.port=0")
@ActiveProfiles("deadlines")
class DeadlinesTests {

	private static final Item TEA = Item.newBuilder().setName("tea").setPieces(1).build();

	@Autowired
	Faults faults;

	@Autowired
	StockGrpc.StockBlockingStub stock;

	@BeforeEach
	void connectAndForget() {
		this.stock.watch(TEA).next(); // half a second is little for a first call
		this.faults.millisLeft.clear();
	}

	@Test
	void reservingIsTriedOnceAndForHalfASecond() {
		this.faults.failures.set(1);
		assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(() -> this.stock.reserve(TEA))
			.satisfies((ex) -> assertThat(ex.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
		assertThat(this.faults.millisLeft).hasSize(1).allMatch((left) -> left <= 500);
	}

	@Test
	void watchingIsTriedAgain() {
		this.faults.failures.set(2);
		assertThat(this.stock.watch(TEA).next().getPieces()).isPositive();
		assertThat(this.faults.millisLeft).hasSize(3).allMatch((left) -> left > 2000 && left <= 60_000);
	}

	@Test
	void pricesAreAskedForTwiceIfTheFirstAnswerIsLate(
			@Autowired @GrpcClient("prices") PricesGrpc.PricesBlockingStub prices) {
		// Connects; if that took long, there was a second request, which may still come
		await().until(() -> {
			this.faults.millisLeft.clear();
			prices.withDeadlineAfter(20, TimeUnit.SECONDS).find(TEA);
			return this.faults.millisLeft.size() == 1;
		});
		this.faults.millisLeft.clear();
		this.faults.silences.set(1);
		assertThat(prices.find(TEA).getCents()).isPositive();
		assertThat(this.faults.millisLeft).hasSize(2).allMatch((left) -> left <= 2000);
	}

	/**
	 * Fails or swallows some calls, and notes how long each has until its deadline.
	 */
	@GrpcGlobalServerInterceptor
	static class Faults implements ServerInterceptor {

		private final AtomicInteger failures = new AtomicInteger();

		private final AtomicInteger silences = new AtomicInteger();

		private final List<Long> millisLeft = new CopyOnWriteArrayList<>();

		@Override
		public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
				ServerCallHandler<Q, A> next) {
			this.millisLeft.add(Context.current().getDeadline().timeRemaining(TimeUnit.MILLISECONDS));
			if (this.failures.getAndDecrement() > 0) {
				call.close(Status.UNAVAILABLE, new Metadata());
				return new ServerCall.Listener<>() {
				};
			}
			if (this.silences.getAndDecrement() > 0) {
				return new ServerCall.Listener<>() {
				};
			}
			return next.startCall(call, headers);
		}

	}

	@TestConfiguration(proxyBeanMethods = false)
	@Import(Faults.class)
	static class Interceptors {

	}

}
