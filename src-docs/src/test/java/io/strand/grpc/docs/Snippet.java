package io.strand.grpc.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the tagged regions of source files: the lines between {@code tag::name[]} and
 * {@code end::name[]}, moved to the left margin, without blank lines at the end. A region
 * may end and begin again, to leave something out.
 */
final class Snippet {

	private Snippet() {
	}

	static List<String> read(Path file, String tag) {
		try {
			return leftAligned(region(file, Files.readAllLines(file), tag));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static List<String> region(Path file, List<String> lines, String tag) {
		if (tag == null) {
			return lines;
		}
		List<String> region = new ArrayList<>();
		boolean inside = false;
		boolean found = false;
		for (String line : lines) {
			if (line.contains("tag::" + tag + "[]")) {
				inside = true;
				found = true;
			}
			else if (line.contains("end::" + tag + "[]")) {
				inside = false;
			}
			else if (inside && !line.contains("tag::") && !line.contains("end::") && !isSecondBlank(region, line)) {
				region.add(line);
			}
		}
		if (!found || inside) {
			throw new IllegalStateException("No region '%s' with a beginning and an end in %s".formatted(tag, file));
		}
		while (!region.isEmpty() && region.get(region.size() - 1).isBlank()) {
			region.remove(region.size() - 1);
		}
		return region;
	}

	private static boolean isSecondBlank(List<String> region, String line) {
		return line.isBlank() && !region.isEmpty() && region.get(region.size() - 1).isBlank();
	}

	private static List<String> leftAligned(List<String> lines) {
		int margin = lines.stream()
			.filter((line) -> !line.isBlank())
			.mapToInt((line) -> line.length() - line.stripLeading().length())
			.min()
			.orElse(0);
		return lines.stream().map((line) -> line.isBlank() ? "" : line.substring(margin)).toList();
	}

}
