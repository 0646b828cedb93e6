package io.strand.grpc.service;

import java.util.Collection;
import java.util.Comparator;

import org.jspecify.annotations.Nullable;

/**
 * Finds what a misspelt name may have meant.
 */
public final class NearestName {

	private NearestName() {
	}

	/**
	 * The name that another is most like.
	 * @param name a name
	 * @param names where to look
	 * @return one of the names, or {@code null} if none is near
	 */
	public static @Nullable String of(String name, Collection<String> names) {
		return names.stream()
			.min(Comparator.comparingInt((known) -> distance(known, name)))
			.filter((known) -> distance(known, name) <= Math.max(1, name.length() / 3))
			.orElse(null);
	}

	/**
	 * The edit distance of two words (Levenshtein).
	 * @param a a word
	 * @param b another
	 * @return how many characters to add, to remove or to replace
	 */
	public static int distance(String a, String b) {
		int[] row = new int[b.length() + 1];
		for (int j = 0; j <= b.length(); j++) {
			row[j] = j;
		}
		for (int i = 1; i <= a.length(); i++) {
			int diagonal = row[0];
			row[0] = i;
			for (int j = 1; j <= b.length(); j++) {
				int above = row[j];
				int change = diagonal + ((a.charAt(i - 1) == b.charAt(j - 1)) ? 0 : 1);
				row[j] = Math.min(change, Math.min(above, row[j - 1]) + 1);
				diagonal = above;
			}
		}
		return row[b.length()];
	}

}
