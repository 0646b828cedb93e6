package io.strand.grpc.service;

import java.util.regex.Pattern;

import org.springframework.core.ResolvableType;

/**
 * Writes types as a message to a user does.
 */
final class TypeNames {

	private static final Pattern QUALIFIER = Pattern.compile("(?:\\w+[.$])+(?=\\w)");

	private TypeNames() {
	}

	static String of(Class<?> type, boolean qualified) {
		return of(ResolvableType.forRawClass(type), qualified);
	}

	static String of(ResolvableType type, boolean qualified) {
		return qualified ? type.toString() : QUALIFIER.matcher(type.toString()).replaceAll("");
	}

}
