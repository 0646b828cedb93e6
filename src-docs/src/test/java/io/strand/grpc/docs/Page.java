package io.strand.grpc.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Markdown page of the documentation.
 *
 * @param path where it is
 * @param lines its lines
 */
record Page(Path path, List<String> lines) {

	/** The root of the repository. */
	static final Path ROOT = Path.of("").toAbsolutePath().getParent();

	private static final Pattern MARKER = Pattern.compile("<!-- snippet: ([^# ]+)(?:#([\\w-]+))? -->");

	private static final Pattern LINK = Pattern.compile("(?:\\]\\(|^\\[[^\\]]+\\]: )([^)\\s]+)");

	static Page read(Path path) {
		try {
			return new Page(path, Files.readAllLines(path));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * All pages that users read.
	 * @return the pages
	 */
	static List<Page> all() {
		try (Stream<Path> guide = Files.list(ROOT.resolve("src-docs/guide")); Stream<Path> root = Files.list(ROOT)) {
			return Stream.concat(root, guide)
				.filter((path) -> path.toString().endsWith(".md"))
				.sorted()
				.map(Page::read)
				.toList();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	String text() {
		return String.join("\n", this.lines);
	}

	/**
	 * This page with the content of each block that a marker names taken from the source.
	 * @return the page as it should be
	 */
	Page withSnippets() {
		List<String> result = new ArrayList<>(this.lines);
		for (Block block : blocks().stream().sorted((a, b) -> b.start - a.start).toList()) {
			Matcher marker = marker(block);
			if (marker.matches()) {
				List<String> snippet = Snippet.read(ROOT.resolve(marker.group(1)), marker.group(2));
				List<String> content = result.subList(block.start + 1, block.end);
				content.clear();
				content.addAll(snippet);
			}
		}
		return new Page(this.path, result);
	}

	/**
	 * Fenced blocks whose content comes from no source that is compiled.
	 * @param language the language of the blocks
	 * @return the first line of each
	 */
	List<String> blocksWithoutMarker(String language) {
		return blocks().stream()
			.filter((block) -> block.language.equals(language) && !marker(block).matches())
			.map((block) -> "line %d: %s".formatted(block.start + 2, this.lines.get(block.start + 1)))
			.toList();
	}

	private Matcher marker(Block block) {
		return MARKER.matcher((block.start > 0) ? this.lines.get(block.start - 1) : "");
	}

	/**
	 * What the page's fenced blocks of a language say.
	 * @param language the language
	 * @return the contents
	 */
	List<String> contents(String language) {
		return blocks().stream()
			.filter((block) -> block.language.equals(language))
			.map((block) -> String.join("\n", this.lines.subList(block.start + 1, block.end)))
			.toList();
	}

	/**
	 * The links within the repository that lead nowhere.
	 * @return their targets
	 */
	List<String> brokenLinks() {
		return prose().flatMap((line) -> LINK.matcher(line).results())
			.map((result) -> result.group(1))
			.filter((target) -> !target.contains("://") && !leadsSomewhere(target))
			.toList();
	}

	private boolean leadsSomewhere(String target) {
		String file = target.replaceAll("#.*", "");
		Path linked = file.isEmpty() ? this.path : this.path.resolveSibling(file).normalize();
		if (!Files.exists(linked)) {
			return false;
		}
		return !target.contains("#") || read(linked).anchors().contains(target.replaceAll(".*#", ""));
	}

	private List<String> anchors() {
		return prose().filter((line) -> line.matches("#+ .*"))
			.map((line) -> line.replaceAll("^#+ ", "").toLowerCase(Locale.ROOT))
			.map((line) -> line.replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
			.toList();
	}

	private Stream<String> prose() {
		List<String> prose = new ArrayList<>(this.lines);
		for (Block block : blocks()) {
			for (int line = block.start; line <= block.end; line++) {
				prose.set(line, "");
			}
		}
		return prose.stream();
	}

	private List<Block> blocks() {
		List<Block> blocks = new ArrayList<>();
		int start = -1;
		for (int line = 0; line < this.lines.size(); line++) {
			String fence = fence(this.lines.get(line));
			if (start < 0 && !fence.isEmpty()) {
				start = line;
			}
			else if (start >= 0 && this.lines.get(line).equals(fence(this.lines.get(start)))) {
				blocks.add(new Block(this.lines.get(start).replace("`", ""), start, line));
				start = -1;
			}
		}
		return blocks;
	}

	private static String fence(String line) {
		return line.startsWith("```") ? line.replaceAll("[^`].*", "") : "";
	}

	@Override
	public String toString() {
		return ROOT.relativize(this.path).toString();
	}

	/**
	 * A fenced block.
	 *
	 * @param language what its first line says
	 * @param start the index of its first fence
	 * @param end the index of its second fence
	 */
	private record Block(String language, int start, int end) {

	}

}
