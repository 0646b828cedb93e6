package io.strand.grpc.autoconfigure.server;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.strand.grpc.server.GrpcServer;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;

/**
 * The meter of the days that the server's certificates are still valid, removed with the
 * context: a registry may outlive it. Thread-safe.
 */
class ServerCertificateMeters implements MeterBinder, DisposableBean {

	static final String DAYS_LEFT = "strand.server.ssl.certificate.days.left";

	private static final double SECONDS_PER_DAY = Duration.ofDays(1).toSeconds();

	private final ServerCertificates certificates;

	private final ObjectProvider<GrpcServer> server;

	private final Map<Gauge, MeterRegistry> bound = new ConcurrentHashMap<>();

	/**
	 * Makes the meters.
	 * @param certificates what they tell of
	 * @param server whose creation makes the certificates known
	 */
	ServerCertificateMeters(ServerCertificates certificates, ObjectProvider<GrpcServer> server) {
		this.certificates = certificates;
		this.server = server;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		this.server.getIfAvailable();
		for (String bundle : this.certificates.expiries().keySet()) {
			this.bound.put(Gauge.builder(DAYS_LEFT, this.certificates, (shown) -> daysLeft(shown, bundle))
				.description("Days until the server's certificate expires, below zero when it has")
				.tag("bundle", bundle)
				.register(registry), registry);
		}
	}

	private static double daysLeft(ServerCertificates certificates, String bundle) {
		Instant until = certificates.expiries().get(bundle);
		return (until != null) ? Duration.between(certificates.now(), until).toSeconds() / SECONDS_PER_DAY : Double.NaN;
	}

	@Override
	public void destroy() {
		this.bound.forEach((gauge, registry) -> registry.remove(gauge));
		this.bound.clear();
	}

}
