package com.example.shop;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.stub.MetadataUtils;
import io.strand.grpc.call.GrpcCall;
import io.strand.grpc.server.GrpcGlobalServerInterceptor;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Import;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.test.context.ActiveProfiles;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The guide's page about the call.
 */
@SpringBootTest(properties = "strand.server.port=0")
@ActiveProfiles("calls")
class CallTests {

	@Test
	void beansOfTheCall(@Autowired OrdersGrpc.OrdersBlockingStub orders, @Autowired NoteBook book) {
		AtomicReference<Metadata> headers = new AtomicReference<>();
		AtomicReference<Metadata> trailers = new AtomicReference<>();
		ClientInterceptor capture = MetadataUtils.newCaptureMetadataInterceptor(headers, trailers);
		Item item = Item.newBuilder().setName("milk").setPieces(1).build();
		assertThat(orders.withInterceptors(capture).place(item).getText()).isEqualTo("1 × MILK");
		assertThat(trailers.get().get(Receipts.NUMBER)).isEqualTo("R-1");
		Awaitility.await()
			.untilAsserted(() -> assertThat(book.pages()).contains("wants milk, took 1, printed a label"));
	}

	@Test
	void logContext(@Autowired StockGrpc.StockBlockingStub stock, @Autowired Looking looking) {
		stock.reserve(Item.newBuilder().setName("tea").setPieces(1).build());
		assertThat(looking.entries).containsOnlyKeys("grpc.method", "grpc.callId", "grpc.peer")
			.containsEntry("grpc.method", "shop.Stock/Reserve");
		assertThat(looking.ids).hasSize(3).containsOnly(looking.ids.get(0));
	}

	/**
	 * Looks from the threads of a call.
	 */
	@GrpcGlobalServerInterceptor
	static class Looking implements ServerInterceptor {

		private final AsyncTaskExecutor scanners;

		private volatile Map<String, String> entries;

		private volatile List<Long> ids;

		Looking(@Qualifier("scanners") AsyncTaskExecutor scanners) {
			this.scanners = scanners;
		}

		@Override
		public <Q, A> ServerCall.Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers,
				ServerCallHandler<Q, A> next) {
			this.entries = MDC.getCopyOfContextMap();
			CompletableFuture<Long> wrapped = new CompletableFuture<>();
			Counters.beside((task) -> new Thread(task).start(), () -> wrapped.complete(GrpcCall.current().id())).join();
			CompletableFuture<Long> decorated = this.scanners.submitCompletable(() -> GrpcCall.current().id());
			this.ids = List.of(GrpcCall.current().id(), wrapped.join(), decorated.join());
			return next.startCall(call, headers);
		}

	}

	@TestConfiguration(proxyBeanMethods = false)
	@Import(Looking.class)
	static class Interceptors {

	}

}
