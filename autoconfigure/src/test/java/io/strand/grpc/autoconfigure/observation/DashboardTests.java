package io.strand.grpc.autoconfigure.observation;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.grpc.CallOptions;
import io.grpc.StatusRuntimeException;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.strand.grpc.autoconfigure.client.GrpcClientAutoConfiguration;
import io.strand.grpc.autoconfigure.client.GrpcClientMetersAutoConfiguration;
import io.strand.grpc.autoconfigure.client.GrpcClientObservationAutoConfiguration;
import io.strand.grpc.testing.EchoGrpc;
import io.strand.grpc.testing.EchoGrpc.EchoBlockingStub;
import io.strand.grpc.testing.EchoHandlers;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.Message;
import io.strand.grpc.testing.Outcome;
import io.strand.grpc.testing.TestAuthority;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.prometheus.PrometheusMetricsExportAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * The dashboard asks for meters that there are, by tags that they have, and shows all of
 * Strand's.
 */
@ExtendWith(LeakCheckExtension.class)
class DashboardTests {

	private static final Path DASHBOARD = Path.of("..", "src-docs", "grafana", "strand.json");

	/** What Prometheus adds to each sample. */
	private static final Set<String> OF_THE_SCRAPE = Set.of("instance", "job");

	private static final Set<String> WORDS = Set.of("by", "without", "on", "ignoring", "and", "or", "unless", "bool",
			"offset");

	private static final Pattern SAMPLE = Pattern.compile("(?m)^([a-z_]+)(?:\\{(.*)})? \\S+$");

	private static final Pattern LABEL = Pattern.compile("([a-zA-Z_]+)\\s*(?:=~|!~|!=|=)\\s*\"");

	private static final Pattern NAME = Pattern.compile("([a-zA-Z_]+)(\\s*\\()?");

	private final EchoHandlers handlers = new EchoHandlers();

	private final ApplicationContextRunner runner = ObservedServer.runner()
		.withConfiguration(AutoConfigurations.of(GrpcClientAutoConfiguration.class,
				GrpcClientMetersAutoConfiguration.class, GrpcClientObservationAutoConfiguration.class,
				ObservationAutoConfiguration.class, MetricsAutoConfiguration.class,
				CompositeMeterRegistryAutoConfiguration.class, PrometheusMetricsExportAutoConfiguration.class))
		.withBean(EchoHandlers.class, () -> this.handlers)
		.withUserConfiguration(Client.class)
		.withPropertyValues("strand.client.channels.default.target=self:",
				"management.metrics.distribution.percentiles-histogram.grpc.server=true");

	@Test
	void everyQueryNamesMetersAndTagsThatExistAndEveryMeterIsShown(@TempDir Path directory) throws IOException {
		List<Query> queries = queries();
		assertThat(queries).hasSizeGreaterThan(20);
		Map<String, Set<String>> exist = ofAServerWithTls(directory);
		this.runner.run((context) -> {
			PrometheusMeterRegistry registry = context.getBean(PrometheusMeterRegistry.class);
			callInAllWays(context.getBean(EchoBlockingStub.class));
			try (TestClient client = ObservedServer.client(context)) {
				Outcome.of(client.channel(), EchoGrpc.getBidiMethod(), CallOptions.DEFAULT).status();
			}
			// The recorder tells of them, where there is one: PinnedThreadMetersTests
			registry.timer("strand.server.threads.pinned", "method", "strand.testing.Echo/Unary")
				.record(Duration.ofMillis(1));
			await().untilAsserted(
					() -> assertThat(registry.scrape()).contains("grpc_server_seconds_count", "stream_messages_count"));
			exist.putAll(labelsByName(registry.scrape()));
			for (Query query : queries) {
				assertThat(exist.keySet()).as("the meters of " + query).containsAll(query.names());
				query.names()
					.forEach((name) -> assertThat(exist.get(name)).as("the tags of %s in %s", name, query)
						.containsAll(query.labels()));
			}
			assertThat(queries.stream().flatMap((query) -> query.names().stream()).map(DashboardTests::family))
				.containsAll(exist.keySet()
					.stream()
					.filter((name) -> name.startsWith("strand_"))
					.map(DashboardTests::family)
					.toList());
		});
	}

	private Map<String, Set<String>> ofAServerWithTls(Path directory) {
		TestAuthority authority = TestAuthority.in(directory);
		Map<String, Set<String>> exist = new HashMap<>();
		this.runner.withPropertyValues(authority.bundleOf("shop", authority.issue("localhost")))
			.withPropertyValues("strand.server.ssl.bundle=shop")
			.run((context) -> exist.putAll(labelsByName(context.getBean(PrometheusMeterRegistry.class).scrape())));
		return exist;
	}

	private void callInAllWays(EchoBlockingStub echo) {
		echo.unary(Message.getDefaultInstance());
		this.handlers.unary((request, responses) -> {
			throw new IllegalArgumentException("The test wants it");
		});
		assertThatExceptionOfType(StatusRuntimeException.class)
			.isThrownBy(() -> echo.unary(Message.getDefaultInstance()));
	}

	private static String family(String name) {
		return name.replaceAll("_(count|sum|max|bucket)$", "");
	}

	private static Map<String, Set<String>> labelsByName(String scraped) {
		Map<String, Set<String>> labels = new HashMap<>();
		Matcher sample = SAMPLE.matcher(scraped);
		while (sample.find()) {
			labels.computeIfAbsent(sample.group(1), (name) -> new HashSet<>())
				.addAll((sample.group(2) != null) ? labelsIn(sample.group(2)) : Set.of());
		}
		return labels;
	}

	private static Set<String> labelsIn(String text) {
		Set<String> labels = new HashSet<>();
		Matcher label = LABEL.matcher(text);
		while (label.find()) {
			labels.add(label.group(1));
		}
		return labels;
	}

	private static List<Query> queries() throws IOException {
		JsonNode dashboard = JsonMapper.shared().readTree(DASHBOARD.toFile());
		List<Query> queries = new ArrayList<>();
		for (JsonNode panel : dashboard.get("panels")) {
			if (panel.get("type").asString().equals("row")) {
				continue;
			}
			assertThat(panel.get("targets")).as("queries of '%s'", panel.get("title")).isNotEmpty();
			panel.get("targets").forEach((target) -> queries.add(Query.of(target.get("expr").asString())));
		}
		for (JsonNode variable : dashboard.at("/templating/list")) {
			if (variable.get("type").asString().equals("query")) {
				Matcher values = Pattern.compile("label_values\\((\\w+), (\\w+)\\)")
					.matcher(variable.at("/query/query").asString());
				assertThat(values.matches()).isTrue();
				queries.add(Query.of("%s{%s=\"\"}".formatted(values.group(1), values.group(2))));
			}
		}
		return queries;
	}

	/**
	 * What a query asks for.
	 *
	 * @param text the query
	 * @param names the names of samples
	 * @param labels the tags that they must have
	 */
	private record Query(String text, Set<String> names, Set<String> labels) {

		static Query of(String text) {
			Set<String> labels = labelsIn(text);
			Matcher grouping = Pattern.compile("\\b(?:by|without|on|ignoring)\\s*\\(([^)]*)\\)").matcher(text);
			while (grouping.find()) {
				labels.addAll(List.of(grouping.group(1).split("\\s*,\\s*")));
			}
			labels.removeAll(OF_THE_SCRAPE);
			String bare = text.replaceAll("\\b(?:by|without|on|ignoring)\\s*\\([^)]*\\)", " ")
				.replaceAll("\\{[^}]*}", " ")
				.replaceAll("\\[[^]]*]", " ");
			Set<String> names = new HashSet<>();
			Matcher name = NAME.matcher(bare);
			while (name.find()) {
				if (name.group(2) == null && !WORDS.contains(name.group(1))) {
					names.add(name.group(1));
				}
			}
			assertThat(names).as("the meters of " + text).isNotEmpty();
			return new Query(text, names, labels);
		}

		@Override
		public String toString() {
			return this.text;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Client {

		@Bean
		Object caller(EchoBlockingStub echo) {
			return "has a stub";
		}

	}

}
