package com.example.shop;

import io.grpc.stub.StreamObserver;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BlockingStreams;

// tag::adapter[]
@GrpcService
class CountingService extends CountingGrpc.CountingImplBase {

	@Override
	public StreamObserver<Item> total(StreamObserver<Level> out) {
		return BlockingStreams.answer(out, (items) -> level(items.stream().mapToInt(Item::getPieces).sum()));
	}

	@Override
	public StreamObserver<Item> running(StreamObserver<Level> out) {
		return BlockingStreams.talk(out, (stream) -> {
			int pieces = 0;
			for (Item item : stream) {
				pieces += item.getPieces();
				stream.send(level(pieces));
			}
		});
	}

	private static Level level(int pieces) {
		return Level.newBuilder().setPieces(pieces).build();
	}

}
// end::adapter[]
