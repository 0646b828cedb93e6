package io.strand.grpc.sample.traveller;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

import io.grpc.StatusRuntimeException;
import io.strand.grpc.sample.proto.Feature;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;
import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.Rectangle;
import io.strand.grpc.sample.proto.RouteGuideGrpc;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.scheduling.annotation.Scheduled;

/**
 * Visits a place from time to time and says so in the log: an ordinary client, which
 * knows nothing but two stubs.
 */
class Traveller {

	private static final Log logger = LogFactory.getLog(Traveller.class);

	private static final Rectangle WORLD = Rectangle.newBuilder()
		.setLo(Point.newBuilder().setLatitude(-900_000_000).setLongitude(-1_800_000_000))
		.setHi(Point.newBuilder().setLatitude(900_000_000).setLongitude(1_800_000_000))
		.build();

	private final RouteGuideGrpc.RouteGuideBlockingStub guide;

	private final GreeterGrpc.GreeterBlockingStub greeter;

	Traveller(RouteGuideGrpc.RouteGuideBlockingStub guide, GreeterGrpc.GreeterBlockingStub greeter) {
		this.guide = guide;
		this.greeter = greeter;
	}

	@Scheduled(fixedDelayString = "${sample.traveller.every}", initialDelayString = "${sample.traveller.every}")
	void travel() {
		try {
			logger.info(visit());
		}
		catch (StatusRuntimeException ex) {
			logger.warn("No journey this time: " + ex.getMessage());
		}
	}

	String visit() {
		List<Feature> places = new ArrayList<>();
		this.guide.listFeatures(WORLD).forEachRemaining(places::add);
		Feature place = places.get(ThreadLocalRandom.current().nextInt(places.size()));
		HelloRequest request = HelloRequest.newBuilder().setName("traveller in " + place.getName()).build();
		return "%s, one of %d places".formatted(this.greeter.sayHello(request).getMessage(), places.size());
	}

}
