package io.strand.grpc.security;

import org.jspecify.annotations.Nullable;

/**
 * Makes what a client has sent fit for a line of the log.
 */
final class Printable {

	private static final int MAX_LENGTH = 200;

	private Printable() {
	}

	/**
	 * Escapes what would begin a new line, move the cursor or change the direction of
	 * reading, and cuts what is too long.
	 * @param text anything
	 * @return one line
	 */
	static String of(@Nullable String text) {
		String all = String.valueOf(text);
		StringBuilder line = new StringBuilder();
		for (int i = 0; i < Math.min(all.length(), MAX_LENGTH); i++) {
			char next = all.charAt(i);
			switch (Character.getType(next)) {
				case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR,
						Character.SURROGATE ->
					line.append("\\u%04x".formatted((int) next));
				default -> line.append(next);
			}
		}
		return (all.length() > MAX_LENGTH) ? line.append('…').toString() : line.toString();
	}

}
