package com.example.shop;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.MetadataUtils;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The guide's page about plain methods.
 */
@SpringBootTest(properties = { "strand.server.port=0", "strand.client.channels.default.target=self:" })
class PlainMethodsTests {

	@Test
	void methodsAnswer(@Autowired DeliveriesGrpc.DeliveriesBlockingV2Stub deliveries) throws Exception {
		assertThat(deliveries.announce(item("tea", 1)).getText()).isEqualTo("Expecting tea");
		assertThatExceptionOfType(Exception.class).isThrownBy(() -> deliveries.announce(item("tea", 0)))
			.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT));
		List<Integer> tracked = new ArrayList<>();
		BlockingClientCall<?, Level> levels = deliveries.track(item("tea", 3));
		for (Level level = levels.read(); level != null; level = levels.read()) {
			tracked.add(level.getPieces());
		}
		assertThat(tracked).containsExactly(0, 1, 2);
	}

	@Test
	void streamsAreReceived(@Autowired DeliveriesGrpc.DeliveriesBlockingV2Stub deliveries) throws Exception {
		BlockingClientCall<Item, Level> unload = deliveries.unload();
		unload.write(item("tea", 2));
		unload.write(item("milk", 3));
		unload.halfClose();
		assertThat(unload.read().getPieces()).isEqualTo(5);
	}

	@Test
	void otherParametersAreProvided(@Autowired DeliveriesGrpc.DeliveriesBlockingV2Stub deliveries) throws Exception {
		assertThatExceptionOfType(Exception.class).isThrownBy(() -> deliveries.check().read())
			.satisfies((ex) -> assertThat(Status.fromThrowable(ex).getCode()).isEqualTo(Status.Code.UNAUTHENTICATED));
		Metadata headers = new Metadata();
		headers.put(CustomerParameter.CUSTOMER, "Ann");
		AtomicReference<Metadata> answered = new AtomicReference<>();
		BlockingClientCall<Item, Level> check = deliveries
			.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers),
					MetadataUtils.newCaptureMetadataInterceptor(answered, new AtomicReference<>()))
			.check();
		check.write(item("no such thing", 1));
		assertThat(check.read().getPieces()).isZero();
		assertThat(answered.get().get(CustomerParameter.CUSTOMER)).isEqualTo("Ann");
		check.halfClose();
		assertThat(check.read()).isNull();
	}

	private static Item item(String name, int pieces) {
		return Item.newBuilder().setName(name).setPieces(pieces).build();
	}

}
