package io.strand.grpc.health;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import org.jspecify.annotations.Nullable;

/**
 * The health of a server: of the whole, of each of its services, and of the two states
 * that those who run containers ask for. All but liveness are NOT_SERVING while the
 * server does not run, stops, or the application is not ready. Thread-safe; nothing here
 * blocks.
 *
 * <p>
 * Whoever changes something has the statuses worked out anew, or leaves that to the
 * thread that is at it, which looks again before it goes. A status is set only when it
 * changes, so that the application may set others meanwhile.
 */
public final class ServerHealth {

	/** The name that the whole server is asked for by. */
	public static final String OVERALL = HealthStatusManager.SERVICE_NAME_ALL_SERVICES;

	/** The name of the state of being alive; it does not change when the server stops. */
	public static final String LIVENESS = "liveness";

	/** The name of the state of being ready for calls. */
	public static final String READINESS = "readiness";

	private final HealthStatusManager manager;

	/** Those whose status is reported from elsewhere. */
	private final Set<String> reportedNames;

	private final Map<String, ServingStatus> reported = new ConcurrentHashMap<>();

	/** How often somebody wanted the statuses worked out since nobody did. */
	private final AtomicInteger wanted = new AtomicInteger();

	private volatile List<String> services = List.of();

	private volatile boolean running;

	private volatile boolean ready;

	private volatile boolean alive = true;

	/** Confined to the thread that works out the statuses. */
	private final Map<String, ServingStatus> current = new HashMap<>();

	/**
	 * Makes the health of a server that does not run yet.
	 * @param manager what answers the clients
	 * @param reportedNames the names of which {@link #report} tells; the others are
	 * SERVING as soon as the server is
	 * @param ready whether the application is ready already
	 */
	public ServerHealth(HealthStatusManager manager, Collection<String> reportedNames, boolean ready) {
		this.manager = manager;
		this.reportedNames = Set.copyOf(reportedNames);
		this.ready = ready;
		update();
	}

	/**
	 * The server takes calls.
	 * @param services the full names of the services that it serves
	 */
	public void started(Collection<String> services) {
		this.services = List.copyOf(services);
		this.running = true;
		update();
	}

	/**
	 * The server stops: from now on it is NOT_SERVING, whatever else is told, until it
	 * has started again.
	 */
	public void stopping() {
		this.running = false;
		update();
	}

	/**
	 * Whether the application wants calls.
	 * @param ready whether it does
	 */
	public void ready(boolean ready) {
		this.ready = ready;
		update();
	}

	/**
	 * Whether the application works, or had better be started anew.
	 * @param alive whether it works
	 */
	public void alive(boolean alive) {
		this.alive = alive;
		update();
	}

	/**
	 * Tells the status of one of the names that were announced.
	 * @param name the name
	 * @param status its status
	 */
	public void report(String name, ServingStatus status) {
		if (this.reported.put(name, status) != status) {
			update();
		}
	}

	private void update() {
		if (this.wanted.getAndIncrement() != 0) {
			return;
		}
		int done;
		do {
			done = this.wanted.get();
			workOut();
		}
		while (!this.wanted.compareAndSet(done, 0));
	}

	private void workOut() {
		boolean serving = this.running && this.ready;
		set(LIVENESS, this.alive);
		this.services.forEach((service) -> set(service, serving));
		set(READINESS, serving);
		// Last: who learns of the whole finds its parts alike
		set(OVERALL, serving);
	}

	private void set(String name, boolean serving) {
		ServingStatus status = serving ? reported(name) : ServingStatus.NOT_SERVING;
		if (this.current.put(name, status) != status) {
			this.manager.setStatus(name, status);
		}
	}

	private ServingStatus reported(String name) {
		if (!this.reportedNames.contains(name)) {
			return ServingStatus.SERVING;
		}
		@Nullable ServingStatus known = this.reported.get(name);
		// What is not known yet: a server that may not work gets no calls, one that may
		// work is not killed
		return (known != null) ? known : LIVENESS.equals(name) ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
	}

}
