package com.example.routeguide;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.grpc.StatusException;
import io.strand.grpc.stream.StreamingCall;

import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.stereotype.Component;

// tag::client[]
@Component
class RouteGuideClient {

	private final RouteGuideGrpc.RouteGuideBlockingV2Stub routeGuide;

	private final AsyncTaskExecutor executor;

	RouteGuideClient(RouteGuideGrpc.RouteGuideBlockingV2Stub routeGuide, AsyncTaskExecutor executor) {
		this.routeGuide = routeGuide;
		this.executor = executor;
	}

	// end::client[]
	// tag::unary[]
	Feature feature(Point point) throws StatusException {
		return this.routeGuide.withDeadlineAfter(5, TimeUnit.SECONDS).getFeature(point);
	}

	// end::unary[]
	// tag::server-streaming[]
	List<String> names(Rectangle area) {
		List<String> names = new ArrayList<>();
		try (StreamingCall<?, Feature> call = StreamingCall.of(this.routeGuide.listFeatures(area))) {
			for (Feature feature : call) {
				names.add(feature.getName());
			}
		}
		return names;
	}

	// end::server-streaming[]
	// tag::client-streaming[]
	RouteSummary walk(List<Point> points) {
		try (StreamingCall<Point, RouteSummary> call = StreamingCall.of(this.routeGuide.recordRoute())) {
			for (Point point : points) {
				call.send(point);
			}
			call.halfClose();
			return call.receive();
		}
	}

	// end::client-streaming[]
	// tag::bidi[]
	List<RouteNote> chat(List<RouteNote> notes) throws InterruptedException, ExecutionException {
		try (StreamingCall<RouteNote, RouteNote> call = StreamingCall.of(this.routeGuide.routeChat())) {
			Future<List<RouteNote>> answers = this.executor.submit(receiveAll(call));
			for (RouteNote note : notes) {
				call.send(note);
			}
			call.halfClose();
			return answers.get();
		}
	}

	private Callable<List<RouteNote>> receiveAll(StreamingCall<?, RouteNote> call) {
		return () -> {
			List<RouteNote> all = new ArrayList<>();
			call.forEach(all::add);
			return all;
		};
	}

	// end::bidi[]
	// tag::client[]

}
// end::client[]
