package io.strand.grpc.health;

import java.lang.reflect.Field;
import java.util.List;
import java.util.Map;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.strand.grpc.testing.LincheckThreads;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.util.ReflectionUtils;

/**
 * Tries the interleavings of {@link ServerHealth}: of changes at the same time none is
 * forgotten.
 */
@Tag("lincheck")
class ServerHealthLincheckTests {

	private static final String SERVICE = "shop.Orders";

	/** What was told last. Found here, where Lincheck does not look. */
	private static final Field CURRENT = ReflectionUtils.findField(ServerHealth.class, "current");

	static {
		ReflectionUtils.makeAccessible(CURRENT);
	}

	@Test
	void serverThatStartsWhileTheApplicationGetsReadyServes() {
		Lincheck.runConcurrentTest(60, () -> {
			ServerHealth health = new ServerHealth(new HealthStatusManager(), List.of(), false);
			LincheckThreads.run(new Starter(health), new Readiness(health, true));
			check(health, ServingStatus.SERVING);
		});
	}

	@Test
	void serverThatStopsWhileTheApplicationGetsReadyDoesNotServe() {
		Lincheck.runConcurrentTest(60, () -> {
			ServerHealth health = new ServerHealth(new HealthStatusManager(), List.of(), false);
			health.started(List.of(SERVICE));
			LincheckThreads.run(new Stopper(health), new Readiness(health, true));
			check(health, ServingStatus.NOT_SERVING);
		});
	}

	private static void check(ServerHealth health, ServingStatus expected) {
		Map<?, ?> current = (Map<?, ?>) ReflectionUtils.getField(CURRENT, health);
		for (String name : List.of(SERVICE, ServerHealth.READINESS, ServerHealth.OVERALL)) {
			if (current.get(name) != expected) {
				throw new IllegalStateException("'%s' is %s".formatted(name, current.get(name)));
			}
		}
	}

	private static final class Starter extends Thread {

		private final ServerHealth health;

		Starter(ServerHealth health) {
			this.health = health;
		}

		@Override
		public void run() {
			this.health.started(List.of(SERVICE));
		}

	}

	private static final class Stopper extends Thread {

		private final ServerHealth health;

		Stopper(ServerHealth health) {
			this.health = health;
		}

		@Override
		public void run() {
			this.health.stopping();
		}

	}

	private static final class Readiness extends Thread {

		private final ServerHealth health;

		private final boolean ready;

		Readiness(ServerHealth health, boolean ready) {
			this.health = health;
			this.ready = ready;
		}

		@Override
		public void run() {
			this.health.ready(this.ready);
		}

	}

}
