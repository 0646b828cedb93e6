package io.strand.grpc.stress;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The server in a JVM of its own, with 256 MiB of heap on two cores, seen from outside.
 */
final class AttackedServer implements AutoCloseable {

	private static final Pattern PORT = Pattern.compile("started on \\*:(\\d+)");

	private final Process process;

	private final Path log;

	private final int port;

	private AttackedServer(Process process, Path log, int port) {
		this.process = process;
		this.log = log;
		this.port = port;
	}

	static AttackedServer start(Path directory) throws IOException {
		Path log = directory.resolve("log");
		String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
		Process process = new ProcessBuilder(List.of(java, "-Xmx256m", "-XX:ActiveProcessorCount=2", "-cp",
				System.getProperty("java.class.path"), AttackedApplication.class.getName(), "--strand.server.port=0",
				"--spring.docker.compose.enabled=false"))
			.redirectErrorStream(true)
			.redirectOutput(log.toFile())
			.start();
		try {
			await().atMost(Duration.ofSeconds(60)).until(() -> {
				assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
				return PORT.matcher(Files.readString(log)).find();
			});
			Matcher port = PORT.matcher(Files.readString(log));
			assertThat(port.find()).isTrue();
			return new AttackedServer(process, log, Integer.parseInt(port.group(1)));
		}
		catch (RuntimeException | Error | IOException ex) {
			process.destroyForcibly();
			throw ex;
		}
	}

	int port() {
		return this.port;
	}

	long residentMegabytes() throws IOException {
		return status("VmRSS") / 1024;
	}

	long threads() throws IOException {
		return status("Threads");
	}

	private long status(String name) throws IOException {
		Path status = Path.of("/proc", Long.toString(this.process.pid()), "status");
		return Files.readAllLines(status)
			.stream()
			.filter((line) -> line.startsWith(name + ":"))
			.map((line) -> line.replaceAll("\\D", ""))
			.mapToLong(Long::parseLong)
			.findFirst()
			.orElseThrow();
	}

	long logBytes() throws IOException {
		return Files.size(this.log);
	}

	String log() throws IOException {
		return Files.readString(this.log);
	}

	@Override
	public void close() throws InterruptedException {
		this.process.destroy();
		if (!this.process.waitFor(10, TimeUnit.SECONDS)) {
			this.process.destroyForcibly().waitFor();
		}
	}

}
