package io.strand.grpc.autoconfigure.server;

import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.strand.grpc.service.GrpcService;
import io.strand.grpc.testing.EchoService;
import io.strand.grpc.testing.LeakCheckExtension;
import io.strand.grpc.testing.TestAuthority;
import io.strand.grpc.testing.TestClient;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.ssl.SslBundleRegistry;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

/**
 * Certificates of the server that will expire: what the log and the meters say.
 */
@ExtendWith({ LeakCheckExtension.class, OutputCaptureExtension.class })
class ServerCertificateTests {

	private static final Instant EXPIRY = Instant.parse("2030-06-01T00:00:00Z");

	private static final ServerCertificate CERTIFICATE = new ServerCertificate("CN=shop", EXPIRY);

	private static final String WARNING = "The certificate of the gRPC server in SSL bundle 'shop' (CN=shop) expires on"
			+ " 2030-06-01T00:00:00Z, in %d days";

	private static TestAuthority authority;

	private static Path brief;

	private static Path lasting;

	private final MovingClock clock = new MovingClock();

	private final ServerCertificates certificates = new ServerCertificates(this.clock);

	private final ApplicationContextRunner runner = ServerContext.runner()
		.withUserConfiguration(Echo.class)
		.withPropertyValues(authority.bundleOf("shop", brief))
		.withPropertyValues("strand.server.ssl.bundle=shop");

	@BeforeAll
	static void makeCertificates(@TempDir Path directory) {
		authority = TestAuthority.in(directory);
		brief = authority.issueValid("brief", "localhost", 0, 29);
		lasting = authority.issueValid("lasting", "localhost", 0, 40);
	}

	@Test
	void aCertificateThatLastsIsNotWarnedOf(CapturedOutput output) {
		this.clock.now = EXPIRY.minus(Duration.ofDays(30));
		this.certificates.put("shop", CERTIFICATE);
		this.certificates.used("shop");
		assertThat(output).doesNotContain("expires");
	}

	@Test
	void oneThatExpiresSoonIsWarnedOfOnceADay(CapturedOutput output) {
		this.clock.now = EXPIRY.minus(Duration.ofDays(31));
		this.certificates.put("shop", CERTIFICATE);
		this.clock.now = EXPIRY.minus(Duration.ofDays(30)).plusSeconds(1);
		assertThat(output).doesNotContain("expires");
		this.clock.now = EXPIRY.minus(Duration.ofDays(29));
		this.certificates.used("shop");
		this.certificates.used("shop");
		this.clock.now = this.clock.now.plus(Duration.ofHours(23));
		this.certificates.used("shop");
		assertThat(output.getAll().split("expires on", -1)).hasSize(2);
		assertThat(output).contains("WARN", WARNING.formatted(29));
		this.clock.now = this.clock.now.plus(Duration.ofHours(2));
		this.certificates.used("shop");
		assertThat(output).contains(WARNING.formatted(27));
	}

	@Test
	void oneThatHasExpiredMeanwhileIsAnError(CapturedOutput output) {
		this.clock.now = EXPIRY.minus(Duration.ofDays(1));
		this.certificates.put("shop", CERTIFICATE);
		this.clock.now = EXPIRY.plus(Duration.ofDays(1));
		this.certificates.used("shop");
		assertThat(output).contains("ERROR", "The certificate of the gRPC server in SSL bundle 'shop' (CN=shop) has"
				+ " expired on 2030-06-01T00:00:00Z: clients refuse it");
	}

	@Test
	void theStartWarnsAndAReloadEndsIt(CapturedOutput output) {
		this.runner.run((context) -> {
			assertThat(output).containsPattern("WARN .*The certificate of the gRPC server in SSL bundle 'shop'"
					+ " \\(CN=brief\\) expires on 20.*Z, in 28 days");
			int before = output.getAll().length();
			context.getBean(SslBundleRegistry.class).updateBundle("shop", authority.bundle(lasting));
			assertThat(output.getAll().substring(before)).contains("CN=lasting").doesNotContain("expires");
			context.getBean(SslBundleRegistry.class).updateBundle("shop", authority.bundle(brief));
			assertThat(output.getAll().substring(before)).contains("expires");
		});
	}

	@Test
	void connectionsAreWhatRepeatsTheWarning(CapturedOutput output) {
		this.clock.now = Instant.now();
		this.runner.withBean("strandServerCertificates", ServerCertificates.class, () -> this.certificates)
			.run((context) -> {
				int before = output.getAll().length();
				this.clock.now = this.clock.now.plus(Duration.ofDays(2));
				try (TestClient client = TestClient.tcp(ServerContext.server(context).getPort(),
						authority.clientCredentials(null))) {
					assertThat(client.echo("hello")).isEqualTo("hello");
				}
				assertThat(output.getAll().substring(before)).contains("(CN=brief) expires on", "in 26 days");
			});
	}

	@Test
	void withoutNewConnectionsTheWarningIsRepeatedOnceADayToo(CapturedOutput output) {
		this.clock.now = EXPIRY.minus(Duration.ofDays(31));
		this.certificates.put("shop", CERTIFICATE);
		ManualTimer timer = new ManualTimer();
		CertificateWatch watch = new CertificateWatch(this.certificates, () -> timer);
		watch.start();
		assertThat(watch.isRunning()).isTrue();
		for (int hours = 0; hours < 72; hours++) {
			this.clock.now = this.clock.now.plus(Duration.ofHours(1)).plusMillis(1);
			timer.tasks.forEach(Runnable::run);
		}
		assertThat(output.getAll().split("expires on", -1)).hasSize(4);
		assertThat(output).contains(WARNING.formatted(29), WARNING.formatted(28), WARNING.formatted(27));
		watch.stop();
		assertThat(timer.isShutdown()).isTrue();
		assertThat(watch.isRunning()).isFalse();
	}

	@Test
	void theWatchRunsAsLongAsTheApplicationAndOnlyWithCertificates() {
		AtomicReference<CertificateWatch> seen = new AtomicReference<>();
		this.runner.run((context) -> {
			seen.set(context.getBean(CertificateWatch.class));
			assertThat(seen.get().isRunning()).isTrue();
		});
		assertThat(seen.get().isRunning()).isFalse();
		ServerContext.runner()
			.withUserConfiguration(Echo.class)
			.run((context) -> assertThat(context.getBean(CertificateWatch.class).isRunning()).isFalse());
	}

	@Test
	void daysLeftAreMetered() {
		MeterRegistry registry = new SimpleMeterRegistry();
		registry.counter("other").increment();
		this.runner.run((context) -> {
			context.getBean(ServerCertificateMeters.class).bindTo(registry);
			Gauge left = registry.get("strand.server.ssl.certificate.days.left").tag("bundle", "shop").gauge();
			assertThat(left.value()).isCloseTo(29, within(0.1));
			context.getBean(SslBundleRegistry.class).updateBundle("shop", authority.bundle(lasting));
			assertThat(left.value()).isCloseTo(40, within(0.1));
			assertThat(left.getId().getDescription()).isNotBlank();
		});
		assertThat(registry.getMeters()).hasSize(1);
	}

	@Test
	void thereIsNoMeterWithoutMicrometer() {
		this.runner.withClassLoader(new FilteredClassLoader("io.micrometer")).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(context).doesNotHaveBean("strandServerCertificateMeters");
		});
	}

	@Test
	void plaintextHasNoMeter() {
		MeterRegistry registry = new SimpleMeterRegistry();
		ServerContext.runner().withUserConfiguration(Echo.class).run((context) -> {
			context.getBean(ServerCertificateMeters.class).bindTo(registry);
			assertThat(registry.getMeters()).isEmpty();
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "RSA", "EC", "Ed25519" })
	void keysAreToldApart(String algorithm) throws Exception {
		KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
		KeyPair one = generator.generateKeyPair();
		KeyPair other = generator.generateKeyPair();
		KeyPair different = KeyPairGenerator.getInstance(algorithm.equals("RSA") ? "EC" : "RSA").generateKeyPair();
		assertThat(ServerCertificate.belongTogether(one.getPrivate(), one.getPublic())).isTrue();
		assertThat(ServerCertificate.belongTogether(one.getPrivate(), other.getPublic())).isFalse();
		assertThat(ServerCertificate.belongTogether(different.getPrivate(), one.getPublic())).isFalse();
	}

	/** Runs nothing by itself. */
	private static final class ManualTimer extends ScheduledThreadPoolExecutor {

		private final List<Runnable> tasks = new ArrayList<>();

		ManualTimer() {
			super(0);
		}

		@Override
		public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long delay, long period, TimeUnit unit) {
			this.tasks.add(task);
			return super.schedule(() -> {
			}, 1, TimeUnit.DAYS);
		}

	}

	private static final class MovingClock extends Clock {

		private Instant now = EXPIRY.minus(Duration.ofDays(365));

		@Override
		public Instant instant() {
			return this.now;
		}

		@Override
		public ZoneId getZone() {
			return ZoneOffset.UTC;
		}

		@Override
		public Clock withZone(ZoneId zone) {
			return this;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Echo {

		@Bean
		@GrpcService
		EchoService echo() {
			return new EchoService();
		}

	}

}
