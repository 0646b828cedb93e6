package com.example.shop;

import java.util.List;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.stream.StreamingCall;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The guide's page about blocking streams.
 */
@SpringBootTest(properties = { "strand.server.port=0", "strand.client.channels.default.stream-deadline=20s" })
class BlockingStreamsTests {

	@Autowired
	TerminalGrpc.TerminalBlockingV2Stub terminal;

	@Test
	void sends() {
		Items items = Items.newBuilder().addItems(item("no such thing", 1)).addItems(item("nor this", 1)).build();
		try (StreamingCall<?, Level> call = StreamingCall.of(this.terminal.print(items))) {
			assertThat(call).extracting(Level::getPieces).containsExactly(0, 0);
		}
	}

	@Test
	void receivesWithATimeout() {
		try (StreamingCall<Item, Level> call = StreamingCall.of(this.terminal.scan())) {
			call.send(item("no such thing", 1));
			assertThat(call.receive()).isNotNull();
			call.halfClose();
			assertThat(call.receive()).isNull();
		}
	}

	@Test
	void receivesWhileItSends() {
		try (StreamingCall<Item, Level> call = StreamingCall.of(this.terminal.monitor())) {
			call.send(item("no such thing", 1));
			assertThat(call.receive()).isNotNull();
			assertThat(call.receive()).isNotNull();
			call.halfClose();
			while (call.receive() != null) {
				// Until the handler has seen the end
			}
		}
	}

	@Test
	void generatedBaseClassesHaveThemToo(@Autowired StockCounter counter) {
		List<Item> items = List.of(item("tea", 1), item("milk", 2));
		assertThat(counter.running(items)).containsExactly(1, 3);
		assertThat(counter.total(items)).isEqualTo(3);
	}

	@Test
	void deadlinesOfStubsHold() {
		try (StreamingCall<Item, Level> call = StreamingCall
			.of(this.terminal.withDeadlineAfter(100, TimeUnit.MILLISECONDS).scan())) {
			assertThat(ErrorsTests.statusOf(call::receive).getCode()).hasToString("DEADLINE_EXCEEDED");
		}
	}

	private static Item item(String name, int pieces) {
		return Item.newBuilder().setName(name).setPieces(pieces).build();
	}

}
