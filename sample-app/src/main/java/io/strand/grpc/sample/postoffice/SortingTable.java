package io.strand.grpc.sample.postoffice;

import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

import io.strand.grpc.sample.proto.Letter;
import io.strand.grpc.sample.proto.Pile;
import io.strand.grpc.sample.proto.SortedMail;
import io.strand.grpc.service.scope.GrpcCallScope;
import jakarta.annotation.PreDestroy;

import org.springframework.stereotype.Component;

/**
 * Where the letters of one call lie: each call has a table of its own, which its clerks
 * share. Thread-safe.
 */
@Component
@GrpcCallScope
class SortingTable {

	private final Mailroom mailroom;

	private final Map<Integer, Queue<Integer>> piles = new ConcurrentHashMap<>();

	SortingTable(Mailroom mailroom) {
		this.mailroom = mailroom;
		mailroom.setUpTable();
	}

	/**
	 * Each clerk has a pile, and so a letter that comes before another lies before it.
	 */
	void lay(int pile, Letter letter) {
		this.piles.computeIfAbsent(pile, (number) -> new ConcurrentLinkedQueue<>()).add(letter.getNumber());
	}

	SortedMail sorted(int size) {
		SortedMail.Builder sorted = SortedMail.newBuilder();
		for (int pile = 0; pile < size; pile++) {
			sorted.addPiles(
					Pile.newBuilder().addAllNumbers(this.piles.getOrDefault(pile, new ConcurrentLinkedQueue<>())));
		}
		return sorted.build();
	}

	@PreDestroy
	void clearAway() {
		this.mailroom.clearTable();
	}

}
