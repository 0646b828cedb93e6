package io.strand.grpc.call;

import java.net.SocketAddress;

import org.jspecify.annotations.Nullable;

/**
 * Text that a peer had a say in, fit for a line of the log: on one line, without control
 * characters, and not long.
 */
public final class LogText {

	static final int MAX_LENGTH = 1000;

	private LogText() {
	}

	/**
	 * Escapes what could end the line, move the cursor or turn the direction of the text,
	 * as in Java's string literals, and cuts what is too long.
	 * @param text the text
	 * @return the same text if there is nothing to escape
	 */
	public static String of(@Nullable String text) {
		if (text == null) {
			return "null";
		}
		int length = Math.min(text.length(), MAX_LENGTH);
		for (int i = 0; i < length; i++) {
			if (isUnfit(text.charAt(i))) {
				return escaped(text, length, i);
			}
		}
		return (length == text.length()) ? text : cut(new StringBuilder().append(text, 0, length), text);
	}

	/**
	 * Names a peer: the name of a Unix domain socket, or of an in-process client, may
	 * have any character.
	 * @param peer its address
	 * @return the address in words
	 */
	public static String peer(@Nullable SocketAddress peer) {
		return (peer != null) ? of(peer.toString()) : "unknown";
	}

	private static String escaped(String text, int length, int from) {
		StringBuilder escaped = new StringBuilder(length + 16).append(text, 0, from);
		for (int i = from; i < length; i++) {
			char character = text.charAt(i);
			if (isUnfit(character)) {
				append(escaped, character);
			}
			else {
				escaped.append(character);
			}
		}
		return (length == text.length()) ? escaped.toString() : cut(escaped, text);
	}

	private static void append(StringBuilder escaped, char character) {
		switch (character) {
			case '\n' -> escaped.append("\\n");
			case '\r' -> escaped.append("\\r");
			case '\t' -> escaped.append("\\t");
			default -> escaped.append("\\u%04x".formatted((int) character));
		}
	}

	private static String cut(StringBuilder start, String text) {
		return start.append("… (%d characters)".formatted(text.length())).toString();
	}

	/** Whether log lines should not have the character as it is. */
	static boolean isUnfit(char character) {
		if (character >= ' ' && character < 0x7F) {
			return false;
		}
		return switch (Character.getType(character)) {
			case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
			default -> false;
		};
	}

}
