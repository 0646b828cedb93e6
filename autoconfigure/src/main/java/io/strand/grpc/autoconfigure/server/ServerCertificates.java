package io.strand.grpc.autoconfigure.server;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The certificates that the server shows its clients now, by the names of their SSL
 * bundles. It warns of those that expire soon: at the start, when they are reloaded, and
 * once a day from then on. Thread-safe.
 */
class ServerCertificates {

	static final Duration NOTICE = Duration.ofDays(30);

	private static final Duration REPETITION = Duration.ofDays(1);

	private static final Log logger = LogFactory.getLog(ServerCertificates.class);

	private final Clock clock;

	private final Map<String, Watched> byBundle = new ConcurrentHashMap<>();

	ServerCertificates(Clock clock) {
		this.clock = clock;
	}

	Instant now() {
		return this.clock.instant();
	}

	/**
	 * Says which certificate is shown from now on.
	 * @param bundle the SSL bundle that it is from
	 * @param certificate the certificate
	 */
	void put(String bundle, ServerCertificate certificate) {
		Watched watched = new Watched(certificate, now().plus(REPETITION));
		Watched before = this.byBundle.put(bundle, watched);
		if (before == null || !before.certificate().equals(certificate)) {
			warn(bundle, certificate);
		}
	}

	/**
	 * Warns again of all that were warned of a day ago: connections may last for months.
	 */
	void look() {
		this.byBundle.keySet().forEach(this::used);
	}

	boolean isEmpty() {
		return this.byBundle.isEmpty();
	}

	/**
	 * Warns again, if it was a day ago. To be called at each connection.
	 * @param bundle the SSL bundle that is used
	 */
	void used(String bundle) {
		Watched watched = this.byBundle.get(bundle);
		Instant now = now();
		if (watched != null && now.isAfter(watched.next())
				&& this.byBundle.replace(bundle, watched, new Watched(watched.certificate(), now.plus(REPETITION)))) {
			warn(bundle, watched.certificate());
		}
	}

	private void warn(String bundle, ServerCertificate certificate) {
		Duration left = Duration.between(now(), certificate.until());
		if (left.isNegative()) {
			logger
				.error("The certificate of the gRPC server in SSL bundle '%s' (%s) has expired on %s: clients refuse it"
					.formatted(bundle, certificate.subject(), certificate.until()));
		}
		else if (left.compareTo(NOTICE) < 0) {
			logger.warn("The certificate of the gRPC server in SSL bundle '%s' (%s) expires on %s, in %d days"
				.formatted(bundle, certificate.subject(), certificate.until(), left.toDays()));
		}
	}

	@Nullable ServerCertificate get(String bundle) {
		Watched watched = this.byBundle.get(bundle);
		return (watched != null) ? watched.certificate() : null;
	}

	/**
	 * When the certificates expire.
	 * @return the names of the SSL bundles, and when the first certificate of each
	 * expires
	 */
	Map<String, Instant> expiries() {
		Map<String, Instant> expiries = new TreeMap<>();
		this.byBundle.forEach((bundle, watched) -> expiries.put(bundle, watched.certificate().until()));
		return expiries;
	}

	private record Watched(ServerCertificate certificate, Instant next) {

	}

}
