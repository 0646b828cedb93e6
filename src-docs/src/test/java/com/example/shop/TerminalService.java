package com.example.shop;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;

import io.strand.grpc.service.GrpcService;
import io.strand.grpc.stream.BidiStream;
import io.strand.grpc.stream.Receiving;
import io.strand.grpc.stream.ServerStream;

// tag::service[]
@GrpcService(TerminalGrpc.class)
class TerminalService {

	private final Shelves shelves;

	TerminalService(Shelves shelves) {
		this.shelves = shelves;
	}

	// end::service[]
	// tag::send[]
	void print(Items items, ServerStream<Level> out) {
		for (Item item : items.getItemsList()) {
			out.send(level(item.getName()));
		}
	}

	// end::send[]
	// tag::timeout[]
	void scan(BidiStream<Item, Level> stream) {
		while (!stream.isDraining()) {
			try {
				Item item = stream.receive(Duration.ofSeconds(1));
				if (item == null) {
					return; // the client has sent its last
				}
				stream.send(level(item.getName()));
			}
			catch (TimeoutException ex) {
				// Nothing was scanned for a second; the stream goes on
			}
		}
	}

	// end::timeout[]
	// tag::receive-each[]
	void monitor(BidiStream<Item, Level> stream) throws InterruptedException {
		Set<String> wanted = ConcurrentHashMap.newKeySet();
		Receiving receiving = stream.receiveEach((item) -> wanted.add(item.getName()));
		while (receiving.isActive() && !stream.isDraining()) {
			wanted.forEach((name) -> stream.send(level(name)));
			Thread.sleep(100);
		}
	}

	// end::receive-each[]
	// tag::service[]
	private Level level(String item) {
		return Level.newBuilder().setPieces(this.shelves.count(item)).build();
	}

}
// end::service[]
