package io.strand.grpc.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A {@link BenchServer} in a process of its own, whose CPU time and threads can be read.
 */
final class ServerProcess implements AutoCloseable {

	/** What starts the server, such as {@code taskset -c 1}. */
	private static final List<String> PREFIX = Arrays.stream(System.getProperty("server.prefix", "").split(" "))
		.filter((word) -> !word.isEmpty())
		.toList();

	private final Process process;

	private final BufferedReader output;

	private final int port;

	ServerProcess(Variant variant, List<String> jvmOptions) throws IOException {
		List<String> command = new ArrayList<>(PREFIX);
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		if (Runtime.version().feature() >= 22) {
			command.add("--enable-native-access=ALL-UNNAMED");
		}
		command.addAll(jvmOptions);
		command.addAll(
				List.of("-cp", System.getProperty("java.class.path"), BenchServer.class.getName(), variant.toString()));
		this.process = new ProcessBuilder(command).start();
		passErrorsOn();
		this.output = new BufferedReader(new InputStreamReader(this.process.getInputStream(), StandardCharsets.UTF_8));
		this.port = Integer.parseInt(read("PORT "));
	}

	/**
	 * But for the JVM's warnings of Unsafe. The option that silences them would have
	 * Netty use Unsafe where it does not for users.
	 */
	private void passErrorsOn() {
		BufferedReader errors = this.process.errorReader(StandardCharsets.UTF_8);
		Thread thread = new Thread(() -> errors.lines()
			.filter((line) -> !line.startsWith("WARNING: ")
					|| !line.contains("sun.misc.Unsafe") && !line.contains("com.google.protobuf.UnsafeUtil"))
			.forEach(System.err::println), "server-errors");
		thread.setDaemon(true);
		thread.start();
	}

	private String read(String prefix) throws IOException {
		String line = this.output.readLine();
		while (line != null) {
			if (line.startsWith(prefix)) {
				return line.substring(prefix.length());
			}
			line = this.output.readLine();
		}
		throw new IOException("The server has ended");
	}

	int port() {
		return this.port;
	}

	/** The most direct memory since the first time this was called, in words. */
	String directMemory() throws IOException {
		this.process.getOutputStream().write('\n');
		this.process.getOutputStream().flush();
		return read(DirectMemory.PREFIX);
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
