package io.strand.grpc.autoconfigure.observation;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import io.micrometer.core.instrument.binder.grpc.GrpcServerObservationContext;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.strand.grpc.autoconfigure.properties.StrandPropertiesAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcCallScopeAutoConfiguration;
import io.strand.grpc.autoconfigure.server.GrpcServerAutoConfiguration;
import io.strand.grpc.server.GrpcServer;
import io.strand.grpc.testing.TestClient;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.awaitility.Awaitility.await;

/**
 * What the tests of what can be seen of the server begin with.
 */
final class ObservedServer {

	private ObservedServer() {
	}

	/**
	 * A runner of contexts with a server that can be observed, on any free port.
	 * @return the runner
	 */
	static ApplicationContextRunner runner() {
		return new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, GrpcCallScopeAutoConfiguration.class,
					GrpcServerAutoConfiguration.class, GrpcServerObservationAutoConfiguration.class,
					GrpcServerMetersAutoConfiguration.class, StrandPropertiesAutoConfiguration.class))
			.withPropertyValues("strand.server.port=0");
	}

	static TestClient client(ApplicationContext context) {
		return TestClient.tcp(context.getBean(GrpcServer.class).getPort());
	}

	/**
	 * The status that was measured, which is the one that was known in time.
	 * @param stopped what was observed
	 * @return the name of the status
	 */
	static String status(GrpcServerObservationContext stopped) {
		return Objects.requireNonNull(stopped.getLowCardinalityKeyValue("grpc.status_code")).getValue();
	}

	/** Remembers what was observed. */
	static final class Recorder implements ObservationHandler<GrpcServerObservationContext> {

		final AtomicInteger started = new AtomicInteger();

		final AtomicInteger openScopes = new AtomicInteger();

		final List<GrpcServerObservationContext> stopped = new CopyOnWriteArrayList<>();

		@Override
		public boolean supportsContext(Observation.Context context) {
			return context instanceof GrpcServerObservationContext;
		}

		@Override
		public void onStart(GrpcServerObservationContext context) {
			this.started.incrementAndGet();
		}

		@Override
		public void onScopeOpened(GrpcServerObservationContext context) {
			this.openScopes.incrementAndGet();
		}

		@Override
		public void onScopeClosed(GrpcServerObservationContext context) {
			this.openScopes.decrementAndGet();
		}

		@Override
		public void onStop(GrpcServerObservationContext context) {
			this.stopped.add(context);
		}

		/** Waits until the one call that there was has been observed to its end. */
		GrpcServerObservationContext only() {
			return stopped(1).get(0);
		}

		/** Waits until so many calls have been observed to their end, and no more. */
		List<GrpcServerObservationContext> stopped(int count) {
			await().until(() -> this.stopped.size() >= count && this.openScopes.get() == 0);
			if (this.stopped.size() != count || this.started.get() != count) {
				throw new AssertionError("%d observations were started and %d stopped, instead of %d"
					.formatted(this.started.get(), this.stopped.size(), count));
			}
			return this.stopped;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Observing {

		@Bean
		Recorder recorder() {
			return new Recorder();
		}

		@Bean
		ObservationRegistry observationRegistry(List<ObservationHandler<?>> handlers) {
			ObservationRegistry registry = ObservationRegistry.create();
			handlers.forEach(registry.observationConfig()::observationHandler);
			return registry;
		}

	}

}
