package com.example.shop;

import io.strand.grpc.server.GrpcServerStartedEvent;
import io.strand.grpc.server.GrpcServerStoppingEvent;

import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

// tag::events[]
@Component
class Announcer {

	private volatile String state = "closed";

	@EventListener
	void open(GrpcServerStartedEvent event) {
		this.state = "open for " + event.getServer().getServices();
	}

	@EventListener(GrpcServerStoppingEvent.class)
	void close() {
		this.state = "closing";
	}

	String state() {
		return this.state;
	}

}
// end::events[]
