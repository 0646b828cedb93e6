package com.example.shop;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.autoconfigure.server.GrpcServerProperties;
import io.strand.grpc.call.ConcurrentSend;
import io.strand.grpc.call.Threading;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.ActiveProfiles;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The guide's page about threads and streams, with all the settings it shows.
 */
@SpringBootTest(properties = "strand.server.port=0")
@ActiveProfiles("streams")
class StreamsTests {

	@Test
	void manyThreadsSendOnOneStream(@Autowired TickerGrpc.TickerBlockingStub ticker) {
		Items items = Items.newBuilder()
			.addItems(Item.newBuilder().setName("tea").setPieces(500))
			.addItems(Item.newBuilder().setName("milk").setPieces(500))
			.addItems(Item.newBuilder().setName("bread").setPieces(500))
			.build();
		List<Level> levels = new ArrayList<>();
		ticker.withDeadlineAfter(30, TimeUnit.SECONDS).follow(items).forEachRemaining(levels::add);
		assertThat(levels).hasSize(1500);
	}

	@Test
	void handlersRunWhereTheirServiceSays(@Autowired ForecastGrpc.ForecastBlockingStub forecast,
			@Autowired PriceModel model) {
		assertThat(forecast.predict(Item.newBuilder().setPieces(2).build()).getCents()).isEqualTo(500);
		// The threads of the pool are numbered, virtual ones have the name of the method
		assertThat(model.threadName()).matches("grpc-call-\\d+");
	}

	@Test
	void settingsAreWhatTheGuideSays(@Autowired GrpcServerProperties properties) {
		assertThat(properties.getHandler().getThreading()).isEqualTo(Threading.AUTO);
		assertThat(properties.getHandler().getPlatform().getMaxThreads()).isEqualTo(400);
		assertThat(properties.getStreams().getConcurrentSend()).isEqualTo(ConcurrentSend.SERIALIZE);
		assertThat(properties.getLimits().getMaxConcurrentCalls()).isEqualTo(1000);
		assertThat(properties.getServices().get("shop.Forecast").getMaxConcurrentCalls()).isEqualTo(50);
		assertThat(properties.getMethods().get("shop.Stock/Reserve").getInterruptOnCancel()).isFalse();
		assertThat(properties.getMethods().get("shop.Ticker/Follow").getMaxWait()).isEqualTo(Duration.ofSeconds(2));
	}

}
