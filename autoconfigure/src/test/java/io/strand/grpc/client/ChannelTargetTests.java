package io.strand.grpc.client;

import java.nio.file.Path;

import io.strand.grpc.client.ChannelTarget.HostAndPort;
import io.strand.grpc.client.ChannelTarget.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * Targets that make sense, and those that do not.
 */
class ChannelTargetTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			stock:9090                  | RESOLVED
			127.0.0.1:9090              | RESOLVED
			[::1]:9090                  | RESOLVED
			' stock:9090 '              | RESOLVED
			dns:///stock:9090           | RESOLVED
			discovery:///stock          | RESOLVED
			xds:///stock                | RESOLVED
			dns://8.8.8.8/stock:9090    | RESOLVED
			dns:///[::1]:9090           | RESOLVED
			consul:///stock             | RESOLVED
			static://a:1,b:2            | STATIC
			static:a:1, b:2             | STATIC
			unix:/run/stock.sock        | UNIX
			unix:///run/stock.sock      | UNIX
			unix:stock.sock             | UNIX
			in-process:stock            | IN_PROCESS
			self:                       | SELF
			self:///                    | SELF
			""")
	void targetsThatMakeSense(String target, Kind kind) {
		assertThat(ChannelTarget.parse(target).kind()).isEqualTo(kind);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "stock", ":9090", "stock:", "stock:http", "stock:0", "stock:65536", "stock:-1",
			"::1:9090", "a:1,b:2", "dns:", "dns:///", "dns://stock:9090", "dns:///stock", "dns:///[::1]",
			"dns:///stock:http", "dns:///a:1,b:2", "http://stock:9090", "https://stock", "static:", "static://",
			"static://a", "static://a:1,", "static://a:x", "static://a:1,,b:2", "unix:", "unix://", "in-process:",
			"in-process:///", "discovery:stock", "discovery:///", "xds://stock" })
	void targetsThatDoNot(String target) {
		assertThatIllegalArgumentException().isThrownBy(() -> ChannelTarget.parse(target))
			.extracting(Throwable::getMessage)
			.asString()
			.endsWith(".");
	}

	@Test
	void hostsOfAStaticTargetAreInOrder() {
		assertThat(ChannelTarget.parse("static://a:1,[::1]:2, b:3").addresses())
			.containsExactly(new HostAndPort("a", 1), new HostAndPort("::1", 2), new HostAndPort("b", 3))
			.extracting(HostAndPort::toString)
			.containsExactly("a:1", "[::1]:2", "b:3");
	}

	@Test
	void theSocketOfAUnixTargetIsAPath() {
		assertThat(ChannelTarget.parse("unix:///run/a.sock").unixSocket()).isEqualTo(Path.of("/run/a.sock"));
		assertThat(ChannelTarget.parse("unix:/run/a.sock").unixSocket()).isEqualTo(Path.of("/run/a.sock"));
		assertThat(ChannelTarget.parse("unix:a.sock").unixSocket()).isEqualTo(Path.of("a.sock"));
	}

}
