package io.strand.grpc.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the comments of fields from the library's sources.
 */
final class Javadoc {

	private static final Path SOURCES = Page.ROOT.resolve("autoconfigure/src/main/java");

	private static final String FIELD = "/\\*\\*((?:(?!\\*/).)*)\\*/\\s+(?:@\\w+\\s+)?private [^;=]*\\b%s( =|;)";

	private Javadoc() {
	}

	/**
	 * The comment of a private field as plain text.
	 * @param type the class that declares it, which may be nested
	 * @param field the name of the field
	 * @return the comment, empty if there is none
	 */
	static String ofField(Class<?> type, String field) {
		String body = source(type).replaceFirst("(?s).*\\bclass " + type.getSimpleName() + "\\b", "");
		Matcher comment = Pattern.compile(FIELD.formatted(field), Pattern.DOTALL).matcher(body);
		if (!comment.find()) {
			return "";
		}
		return comment.group(1).replaceAll("\\R\\s*\\*? ?", " ").strip();
	}

	private static String source(Class<?> type) {
		String outermost = type.getName().replaceAll("\\$.*", "");
		try {
			return Files.readString(SOURCES.resolve(outermost.replace('.', '/') + ".java"));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
