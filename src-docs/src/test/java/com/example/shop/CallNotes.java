package com.example.shop;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import io.strand.grpc.service.scope.GrpcCallScope;
import jakarta.annotation.PreDestroy;

import org.springframework.stereotype.Component;

// tag::scope[]
@Component
@GrpcCallScope
class CallNotes {

	private final Queue<String> notes = new ConcurrentLinkedQueue<>();

	private final NoteBook book;

	CallNotes(NoteBook book) {
		this.book = book;
	}

	void add(String note) {
		this.notes.add(note);
	}

	@PreDestroy
	void keep() {
		this.book.keep(String.join(", ", this.notes));
	}

}
// end::scope[]
