package io.strand.grpc.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.sun.management.HotSpotDiagnosticMXBean;

/**
 * Lists the live threads of this JVM, virtual ones included.
 */
final class LiveThreads {

	/** How a virtual thread begins in a thread dump of Java 21 and newer. */
	private static final Pattern VIRTUAL = Pattern.compile("^#(\\d+) \"(.*)\" virtual.*");

	private LiveThreads() {
	}

	/**
	 * The names of all live threads.
	 * @return names by thread id
	 */
	static Map<Long, String> names() {
		Map<Long, String> names = new TreeMap<>();
		for (Thread thread : Thread.getAllStackTraces().keySet()) {
			names.put(threadId(thread), thread.getName());
		}
		if (Runtime.version().feature() >= 21) {
			addVirtual(names);
		}
		return names;
	}

	/**
	 * The threads of pools that wait for work.
	 * @return thread ids
	 */
	static Set<Long> idleInPool() {
		return Thread.getAllStackTraces()
			.entrySet()
			.stream()
			.filter((thread) -> Arrays.stream(thread.getValue()).anyMatch(LiveThreads::takesWork))
			.map((thread) -> threadId(thread.getKey()))
			.collect(Collectors.toSet());
	}

	private static boolean takesWork(StackTraceElement frame) {
		return frame.getClassName().equals(ThreadPoolExecutor.class.getName())
				&& frame.getMethodName().equals("getTask");
	}

	@SuppressWarnings("deprecation") // threadId() came with Java 19
	private static long threadId(Thread thread) {
		return thread.getId();
	}

	/**
	 * Virtual threads are in no thread group and no stack trace map; only a thread dump
	 * has them.
	 */
	private static void addVirtual(Map<Long, String> names) {
		try {
			Path directory = Files.createTempDirectory("threads");
			Path dump = directory.resolve("dump.txt").toAbsolutePath();
			try {
				dump(dump);
				for (String line : Files.readAllLines(dump)) {
					Matcher matcher = VIRTUAL.matcher(line);
					if (matcher.matches()) {
						names.put(Long.valueOf(matcher.group(1)), matcher.group(2));
					}
				}
			}
			finally {
				Files.deleteIfExists(dump);
				Files.delete(directory);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static void dump(Path file) {
		// By reflection: the tests are compiled for Java 17
		try {
			Class<?> format = Class.forName("com.sun.management.HotSpotDiagnosticMXBean$ThreadDumpFormat");
			HotSpotDiagnosticMXBean diagnostics = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
			HotSpotDiagnosticMXBean.class.getMethod("dumpThreads", String.class, format)
				.invoke(diagnostics, file.toString(), format.getField("TEXT_PLAIN").get(null));
		}
		catch (ClassNotFoundException | NoSuchMethodException | NoSuchFieldException | IllegalAccessException
				| InvocationTargetException ex) {
			throw new IllegalStateException("Cannot dump the threads of this JVM", ex);
		}
	}

}
