package io.strand.grpc.sample.tour;

import java.util.List;

import io.strand.grpc.sample.proto.GreeterGrpc;
import io.strand.grpc.server.GrpcServer;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * Has many threads ask the application for a stub and for the server at the same moment,
 * and counts the objects that they get.
 */
@Component
@Order(5)
class OneServerStep implements TourStep {

	private final ObjectProvider<GreeterGrpc.GreeterFutureStub> stubs;

	private final ObjectProvider<GrpcServer> servers;

	private final TourProperties properties;

	OneServerStep(ObjectProvider<GreeterGrpc.GreeterFutureStub> stubs, ObjectProvider<GrpcServer> servers,
			TourProperties properties) {
		this.stubs = stubs;
		this.servers = servers;
		this.properties = properties;
	}

	@Override
	public String title() {
		return "One server for all services, one bean of each";
	}

	@Override
	public String contract() {
		return "B1, H8";
	}

	@Override
	public Finding take() throws Exception {
		int threads = this.properties.threads();
		long stubs = distinct(Crew.work(threads, (number) -> this.stubs.getObject()));
		long servers = distinct(Crew.work(threads, (number) -> this.servers.getObject()));
		int services = this.servers.getObject().getServices().size();
		return new Finding(
				"%d threads asked for the same stub at the same moment, and then for the server.".formatted(threads),
				List.of(Figure.count("stub objects that they got", stubs),
						Figure.count("server objects that they got", servers),
						Figure.count("services on that server, all on one port", services)),
				"Stubs, channels and the server are singletons, and services share the server.",
				Verdict.holdsIf(stubs == 1 && servers == 1 && services > 1));
	}

	private static long distinct(Crew.Report<?> report) {
		return report.results().stream().map(System::identityHashCode).distinct().count();
	}

}
