package com.example.shop;

import java.util.concurrent.CompletableFuture;

import org.springframework.scheduling.annotation.Async;
import org.springframework.stereotype.Component;

// tag::async[]
@Component
class Labels {

	private final CallNotes notes;

	Labels(CallNotes notes) {
		this.notes = notes;
	}

	@Async
	CompletableFuture<String> print(Item item) {
		this.notes.add("printed a label");
		return CompletableFuture.completedFuture(item.getName().toUpperCase());
	}

}
// end::async[]
