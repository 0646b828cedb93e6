package com.example.shop;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.grpc.Channel;
import io.strand.grpc.client.ChannelSettings;
import io.strand.grpc.client.GrpcChannels;

import org.springframework.stereotype.Component;

// tag::create[]
@Component
class Branches {

	private final GrpcChannels channels;

	private final ChannelSettings settings = ChannelSettings.builder().streamDeadline(Duration.ofSeconds(1)).build();

	private final Map<String, Channel> byAddress = new ConcurrentHashMap<>();

	Branches(GrpcChannels channels) {
		this.channels = channels;
	}

	int level(String address, Item item) {
		Channel channel = this.byAddress.computeIfAbsent(address,
				(target) -> this.channels.create(target, this.settings));
		return StockGrpc.newBlockingStub(channel).watch(item).next().getPieces();
	}

}
// end::create[]
