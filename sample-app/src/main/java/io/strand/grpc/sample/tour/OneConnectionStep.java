package io.strand.grpc.sample.tour;

import java.util.List;
import java.util.concurrent.TimeUnit;

import io.grpc.stub.AbstractStub;
import io.strand.grpc.sample.connection.ServerConnections;
import io.strand.grpc.sample.proto.BrochurePage;
import io.strand.grpc.sample.proto.BrochureRequest;
import io.strand.grpc.sample.proto.ConciergeGrpc;
import io.strand.grpc.sample.proto.EchoGrpc;
import io.strand.grpc.sample.proto.EchoRequest;
import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.sample.proto.HelloRequest;
import io.strand.grpc.sample.proto.Point;
import io.strand.grpc.sample.proto.RouteGuideGrpc;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Calls each service through another kind of stub, and looks how many connections that
 * took.
 */
@Component
@Order(1)
class OneConnectionStep implements TourStep {

	private final ServerConnections connections;

	private final GreeterGrpc.GreeterBlockingStub greeter;

	private final EchoGrpc.EchoFutureStub echo;

	private final RouteGuideGrpc.RouteGuideBlockingV2Stub guide;

	private final ConciergeGrpc.ConciergeStub concierge;

	OneConnectionStep(ServerConnections connections, GreeterGrpc.GreeterBlockingStub greeter,
			EchoGrpc.EchoFutureStub echo, RouteGuideGrpc.RouteGuideBlockingV2Stub guide,
			ConciergeGrpc.ConciergeStub concierge) {
		this.connections = connections;
		this.greeter = greeter;
		this.echo = echo;
		this.guide = guide;
		this.concierge = concierge;
	}

	@Override
	public String title() {
		return "One connection for every kind of stub";
	}

	@Override
	public String contract() {
		return "C1";
	}

	@Override
	public Finding take() throws Exception {
		int before = this.connections.accepted();
		this.greeter.sayHello(HelloRequest.newBuilder().setName("tour").build());
		this.echo.unaryEcho(EchoRequest.newBuilder().setMessage("tour").build()).get(10, TimeUnit.SECONDS);
		this.guide.getFeature(Point.getDefaultInstance());
		Collector<BrochurePage> pages = new Collector<>((page) -> {
		});
		this.concierge.readBrochure(BrochureRequest.newBuilder().setPages(1).build(), pages);
		pages.awaitEnd();
		List<AbstractStub<?>> stubs = List.of(this.greeter, this.echo, this.guide, this.concierge);
		long channels = stubs.stream().map(AbstractStub::getChannel).distinct().count();
		int made = this.connections.accepted() - before;
		return new Finding(
				"Called four services, each through another kind of stub: blocking, future, blocking v2, async.",
				List.of(Figure.count("stubs used", stubs.size()), Figure.count("channels behind them", channels),
						Figure.count("connections open, as the server counts them", this.connections.open())),
				"The stubs of a channel share its connection, whichever service they call.",
				Verdict.holdsIf(channels == 1 && made <= 1));
	}

}
