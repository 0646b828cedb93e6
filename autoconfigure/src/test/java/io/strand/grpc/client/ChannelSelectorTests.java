package io.strand.grpc.client;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.strand.grpc.testing.StockGrpc.StockBlockingStub;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The rules that choose a stub's channel, in their order.
 */
class ChannelSelectorTests {

	private final StubType stub = stubType();

	private final Map<String, ChannelSettings> channels = new LinkedHashMap<>();

	private boolean served;

	@Test
	void theNameAtTheInjectionPointComesFirst() {
		everyRule();
		assertThat(select("named")).isEqualTo("named");
	}

	@Test
	void thenTheChannelThatListsTheService() {
		everyRule();
		assertThat(select(null)).isEqualTo("lists");
	}

	@Test
	void thenTheChannelOfTheServicesFullName() {
		everyRule();
		this.channels.remove("lists");
		assertThat(select(null)).isEqualTo("strand.testing.Stock");
	}

	@Test
	void thenTheChannelOfTheServicesSimpleName() {
		everyRule();
		this.channels.remove("lists");
		this.channels.remove("strand.testing.Stock");
		assertThat(select(null)).isEqualTo("stock");
	}

	@Test
	void thenTheDefaultChannel() {
		everyRule();
		this.channels.remove("lists");
		this.channels.remove("strand.testing.Stock");
		this.channels.remove("stock");
		assertThat(select(null)).isEqualTo("default");
	}

	@Test
	void thenTheApplicationsOwnServer() {
		channel("self", "self:");
		channel("default", null);
		channel("other", "other:1");
		this.served = true;
		assertThat(select(null)).isEqualTo("self");
	}

	@Test
	void elseNone() {
		channel("self", "self:");
		channel("default", null);
		channel("other", "other:1");
		assertThat(select(null)).isNull();
	}

	@Test
	void theSimpleNameIsComparedAsPropertyNamesAre() {
		for (String name : List.of("Stock", "STOCK", "st-ock", "st_ock")) {
			this.channels.clear();
			channel(name, "stock:1");
			assertThat(select(null)).isEqualTo(name);
		}
	}

	@Test
	void severalChannelsThatListTheServiceAreRefused() {
		channel("b", "b:1", "strand.testing.Stock");
		channel("a", "a:1", "strand.testing.Stock");
		assertThatExceptionOfType(ChannelConfigurationException.class).isThrownBy(() -> select(null))
			.withMessageContaining("Here asks for StockGrpc.StockBlockingStub")
			.withMessageContaining("several channels list the proto service 'strand.testing.Stock': a, b")
			.withMessageContaining("@GrpcClient(\"a\")");
	}

	@Test
	void severalChannelsThatAreNamedAlikeAreRefused() {
		channel("stock", "a:1");
		channel("Stock", "b:1");
		assertThatExceptionOfType(ChannelConfigurationException.class).isThrownBy(() -> select(null))
			.withMessageContaining(
					"several channels are named like the proto service 'strand.testing.Stock': Stock," + " stock");
	}

	@Test
	void aChannelWithoutTargetIsRefused() {
		channel("stock", null);
		assertThatExceptionOfType(ChannelConfigurationException.class).isThrownBy(() -> select(null))
			.withMessageContaining("on channel 'stock', which has no target")
			.withMessageContaining("strand.client.channels.stock.target");
	}

	@Test
	void anUnknownNameIsRefused() {
		channel("default", "a:1");
		channel("stock", "b:1");
		channel("self", "self:");
		assertThatExceptionOfType(ChannelConfigurationException.class).isThrownBy(() -> select("stok"))
			.withMessageContaining("asks for channel 'stok' by @GrpcClient")
			.withMessageContaining("Configured channels: default, stock.");
	}

	private void everyRule() {
		channel("named", "named:1");
		channel("lists", "lists:1", "strand.testing.Echo", "strand.testing.Stock");
		channel("strand.testing.Stock", "full:1");
		channel("stock", "simple:1");
		channel("default", "default:1");
		channel("self", "self:");
		this.served = true;
	}

	private void channel(String name, @Nullable String target, String... services) {
		this.channels.put(name, ChannelSettings.builder().target(target).services(List.of(services)).build());
	}

	private @Nullable String select(@Nullable String requested) {
		TestOwnServer ownServer = new TestOwnServer();
		ownServer.serves = this.served;
		return new ChannelSelector(this.channels, ownServer).select(this.stub, requested, "Here");
	}

	private static StubType stubType() {
		StubType type = StubType.of(StockBlockingStub.class);
		assertThat(type).isNotNull();
		return type;
	}

}
