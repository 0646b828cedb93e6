package io.strand.grpc.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A {@link BenchServer} in a process of its own, whose CPU time and threads can be read.
 */
final class ServerProcess implements AutoCloseable {

	private final Process process;

	private final int port;

	ServerProcess(Variant variant, List<String> jvmOptions) throws IOException {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		command.addAll(jvmOptions);
		command.addAll(
				List.of("-cp", System.getProperty("java.class.path"), BenchServer.class.getName(), variant.toString()));
		this.process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
		this.port = readPort();
	}

	private int readPort() throws IOException {
		BufferedReader output = new BufferedReader(
				new InputStreamReader(this.process.getInputStream(), StandardCharsets.UTF_8));
		String line = output.readLine();
		while (line != null) {
			if (line.startsWith("PORT ")) {
				return Integer.parseInt(line.substring(5));
			}
			line = output.readLine();
		}
		throw new IOException("The server ended before it listened");
	}

	int port() {
		return this.port;
	}

	/** User and system time of the whole process so far. */
	Duration cpu() {
		return this.process.info().totalCpuDuration().orElseThrow();
	}

	/** Threads of the operating system in the process now. */
	int threads() throws IOException {
		try (var tasks = Files.list(Path.of("/proc", Long.toString(this.process.pid()), "task"))) {
			return (int) tasks.count();
		}
	}

	@Override
	public void close() throws IOException, InterruptedException {
		this.process.getOutputStream().close();
		if (!this.process.waitFor(5, TimeUnit.SECONDS)) {
			this.process.destroyForcibly();
		}
	}

}
