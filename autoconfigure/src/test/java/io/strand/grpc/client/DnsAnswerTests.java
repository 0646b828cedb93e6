package io.strand.grpc.client;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.strand.grpc.client.ChannelTarget.Kind;
import io.strand.grpc.client.resolve.ResolvedAddresses;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What DNS says is asked for again, by default as often as it can be new.
 */
class DnsAnswerTests {

	@Test
	void anAnswerThatChangesIsFollowedAndNoCallIsLost(@TempDir Path directory) throws Exception {
		Path names = Files.createFile(directory.resolve("names"));
		Path output = directory.resolve("output");
		Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
				"-Djdk.net.hosts.file=" + names, "-Dnetworkaddress.cache.ttl=0", "-Dsun.net.inetaddr.ttl=0", "-cp",
				System.getProperty("java.class.path"), DnsAnswerApplication.class.getName(), names.toString())
			.redirectErrorStream(true)
			.redirectOutput(output.toFile())
			.start();
		try {
			assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(Files.readString(output)).isTrue();
			assertThat(process.exitValue()).as(Files.readString(output)).isZero();
		}
		finally {
			process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
		}
	}

	@ParameterizedTest
	@CsvSource({ "stock:9090, 30s", "dns:///stock:9090, 30s", "static://a:1, 0s", "static://a:1;b:2, 0s" })
	void theDefaultIntervalIsAsLongAsTheJvmKeepsAnAnswer(String target, String interval) {
		ChannelTarget parsed = ChannelTarget.parse(target.replace(';', ','));
		assertThat(parsed.kind()).isIn(Kind.RESOLVED, Kind.STATIC);
		assertThat(new NameResolvers(List.of()).provider(parsed, ChannelSettings.builder().build(),
				new ResolvedAddresses()))
			.hasFieldOrPropertyWithValue("interval", Duration.parse("PT" + interval));
	}

}
