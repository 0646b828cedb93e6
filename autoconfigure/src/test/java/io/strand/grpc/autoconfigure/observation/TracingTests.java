package io.strand.grpc.autoconfigure.observation;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.prometheus.metrics.core.util.Scheduler;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.client.GrpcClientObservationAutoConfiguration;
import io.strand.grpc.testing.CounterGrpc;
import io.strand.grpc.testing.CounterGrpc.CounterBlockingStub;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.prometheus.PrometheusMetricsExportAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.micrometer.tracing.autoconfigure.MicrometerTracingAutoConfiguration;
import org.springframework.boot.micrometer.tracing.autoconfigure.prometheus.PrometheusExemplarsAutoConfiguration;
import org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.OpenTelemetryEventPublisherBeansApplicationListener;
import org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.OpenTelemetryTracingAutoConfiguration;
import org.springframework.boot.opentelemetry.autoconfigure.OpenTelemetrySdkAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Traces through a handler that has no code for them, with a real bridge.
 */
@ExtendWith(LeakCheckExtension.class)
class TracingTests {

	private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

	private static final String PARENT_ID = "b7ad6b7169203331";

	/** Spring Boot does that when an application starts, and JUnit does not start one. */
	@BeforeAll
	static void prepare() throws InterruptedException {
		OpenTelemetryEventPublisherBeansApplicationListener.addWrapper();
		Scheduler.awaitInitialization(); // a thread of Prometheus's, for all registries
	}

	private final Spans spans = new Spans();

	private final ApplicationContextRunner runner = ObservedServer.runner()
		.withConfiguration(
				AutoConfigurations.of(GrpcClientAutoConfiguration.class, GrpcClientObservationAutoConfiguration.class,
						ObservationAutoConfiguration.class, MetricsAutoConfiguration.class,
						CompositeMeterRegistryAutoConfiguration.class, PrometheusMetricsExportAutoConfiguration.class,
						OpenTelemetrySdkAutoConfiguration.class, OpenTelemetryTracingAutoConfiguration.class,
						MicrometerTracingAutoConfiguration.class, PrometheusExemplarsAutoConfiguration.class))
		.withInitializer(
				(context) -> context.addApplicationListener(new OpenTelemetryEventPublisherBeansApplicationListener()))
		.withBean(Spans.class, () -> this.spans)
		.withBean(Relay.class)
		.withBean(Counting.class)
		.withPropertyValues("management.tracing.sampling.probability=1",
				"management.opentelemetry.tracing.export.schedule-delay=10ms");

	@ParameterizedTest
	@ValueSource(strings = { "auto", "platform", "event-loop" })
	void oneTraceGoesFromTheCallerThroughTheHandlerToTheServiceThatItCalls(String threading) {
		this.runner
			.withPropertyValues(
					"strand.server.services[strand.testing.Echo].threading="
							+ (threading.equals("event-loop") ? "auto" : threading),
					"strand.server.services[strand.testing.Counter].threading=" + threading)
			.run((context) -> {
				try (TestClient client = ObservedServer.client(context); Lines lines = Lines.of(Relay.class)) {
					assertThat(call(client).getNumber()).isEqualTo(42);
					await().until(() -> this.spans.all.size() == 3);
					SpanData relayed = this.spans.of("strand.testing.Echo/Unary", SpanKind.SERVER);
					SpanData sent = this.spans.of("strand.testing.Counter/Next", SpanKind.CLIENT);
					SpanData counted = this.spans.of("strand.testing.Counter/Next", SpanKind.SERVER);
					assertThat(List.of(relayed, sent, counted)).extracting(SpanData::getTraceId).containsOnly(TRACE_ID);
					assertThat(relayed.getParentSpanId()).isEqualTo(PARENT_ID);
					assertThat(sent.getParentSpanId()).isEqualTo(relayed.getSpanId());
					assertThat(counted.getParentSpanId()).isEqualTo(sent.getSpanId());
					assertThat(lines.entries).isNotEmpty().allSatisfy((entries) -> {
						assertThat(entries).containsEntry("traceId", TRACE_ID)
							.containsEntry("spanId", relayed.getSpanId());
					});
				}
			});
	}

	@Test
	void theLogLineOfAnExceptionHasTheTrace() {
		this.runner.run((context) -> {
			try (TestClient client = ObservedServer.client(context);
					Lines lines = Lines.of("io.strand.grpc.call.HandlerFailure")) {
				try {
					withTrace(client).serverStream(Message.getDefaultInstance()).next();
				}
				catch (StatusRuntimeException ex) {
					// As the handler wants it
				}
				await().until(() -> !lines.entries.isEmpty());
				assertThat(lines.entries)
					.allSatisfy((entries) -> assertThat(entries).containsEntry("traceId", TRACE_ID));
			}
		});
	}

	@Test
	void theTimerHasExemplarsOfTheTrace() {
		this.runner.withPropertyValues("management.metrics.distribution.percentiles-histogram.grpc.server=true")
			.run((context) -> {
				try (TestClient client = ObservedServer.client(context)) {
					call(client);
					PrometheusMeterRegistry registry = context.getBean(PrometheusMeterRegistry.class);
					await().atMost(10, TimeUnit.SECONDS)
						.untilAsserted(() -> assertThat(registry.scrape("application/openmetrics-text").lines())
							.filteredOn((line) -> line.startsWith("grpc_server_seconds_bucket")
									&& line.contains("rpc_method=\"Unary\"") && line.contains(" # "))
							.isNotEmpty()
							.allSatisfy((line) -> assertThat(line).contains("trace_id=\"" + TRACE_ID + "\"")));
				}
			});
	}

	private static Message call(TestClient client) {
		return withTrace(client).unary(Message.getDefaultInstance());
	}

	private static EchoGrpc.EchoBlockingStub withTrace(TestClient client) {
		Metadata headers = new Metadata();
		headers.put(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER),
				"00-%s-%s-01".formatted(TRACE_ID, PARENT_ID));
		return EchoGrpc
			.newBlockingStub(
					ClientInterceptors.intercept(client.channel(), MetadataUtils.newAttachHeadersInterceptor(headers)))
			.withDeadlineAfter(10, TimeUnit.SECONDS);
	}

	/** Asks the other service. */
	static class Relay extends EchoGrpc.EchoImplBase {

		private final CounterBlockingStub counter;

		Relay(CounterBlockingStub counter) {
			this.counter = counter;
		}

		@Override
		public void unary(Message request, StreamObserver<Message> responses) {
			LoggerFactory.getLogger(Relay.class).info("before");
			Message count = this.counter.next(request);
			LoggerFactory.getLogger(Relay.class).info("after");
			responses.onNext(count);
			responses.onCompleted();
		}

		@Override
		public void serverStream(Message request, StreamObserver<Message> responses) {
			throw new Unforeseen();
		}

	}

	private static final class Unforeseen extends RuntimeException {

		private static final long serialVersionUID = 1L;

	}

	static class Counting extends CounterGrpc.CounterImplBase {

		@Override
		public void next(Message request, StreamObserver<Message> responses) {
			responses.onNext(Message.newBuilder().setNumber(42).build());
			responses.onCompleted();
		}

	}

	/** Keeps what would be exported. */
	static final class Spans implements SpanExporter {

		final List<SpanData> all = new CopyOnWriteArrayList<>();

		@Override
		public CompletableResultCode export(Collection<SpanData> spans) {
			this.all.addAll(spans);
			return CompletableResultCode.ofSuccess();
		}

		@Override
		public CompletableResultCode flush() {
			return CompletableResultCode.ofSuccess();
		}

		@Override
		public CompletableResultCode shutdown() {
			return CompletableResultCode.ofSuccess();
		}

		SpanData of(String name, SpanKind kind) {
			return this.all.stream()
				.filter((span) -> span.getName().equals(name) && span.getKind() == kind)
				.findFirst()
				.orElseThrow(() -> new AssertionError("%s %s is not among %s".formatted(kind, name, this.all)));
		}

	}

	/** The MDC of the lines of a logger. */
	private static final class Lines extends AppenderBase<ILoggingEvent> implements AutoCloseable {

		final List<Map<String, String>> entries = new CopyOnWriteArrayList<>();

		private final Logger logger;

		private Lines(Logger logger) {
			this.logger = logger;
		}

		static Lines of(Class<?> type) {
			return of(type.getName());
		}

		static Lines of(String name) {
			Lines lines = new Lines((Logger) LoggerFactory.getLogger(name));
			lines.start();
			lines.logger.addAppender(lines);
			return lines;
		}

		@Override
		protected void append(ILoggingEvent event) {
			this.entries.add(Map.copyOf(Objects.requireNonNull(event.getMDCPropertyMap())));
		}

		@Override
		public void close() {
			this.logger.detachAppender(this);
		}

	}

}
