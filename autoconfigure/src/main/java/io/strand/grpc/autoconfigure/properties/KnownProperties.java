package io.strand.grpc.autoconfigure.properties;

import java.beans.BeanInfo;
import java.beans.IntrospectionException;
import java.beans.Introspector;
import java.beans.PropertyDescriptor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

import io.strand.grpc.service.NearestName;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.core.ResolvableType;

/**
 * The names of all properties that a set of properties classes can be bound from, read
 * from the classes themselves. A name that a user gives, such as that of a channel, is a
 * wildcard.
 */
final class KnownProperties {

	/** As in the configuration metadata, from where somebody may have copied it. */
	private static final String ANY_NAME = "*";

	/** Whatever comes below: the entries of a list or map of simple values. */
	private static final String ANYTHING_BELOW = "**";

	private final List<List<String>> patterns = new ArrayList<>();

	/**
	 * Adds the properties of a class.
	 * @param prefix what their names begin with
	 * @param type a JavaBean in the style of Spring Boot
	 */
	void add(String prefix, Class<?> type) {
		addBean(List.of(prefix.split("\\.")), type);
	}

	private void addBean(List<String> prefix, Class<?> type) {
		try {
			BeanInfo info = Introspector.getBeanInfo(type, Object.class);
			for (PropertyDescriptor property : info.getPropertyDescriptors()) {
				if (property.getReadMethod() != null) {
					add(append(prefix, kebabCase(property.getName())),
							ResolvableType.forMethodReturnType(property.getReadMethod()));
				}
			}
		}
		catch (IntrospectionException ex) {
			throw new IllegalStateException("Cannot read the properties of " + type, ex);
		}
	}

	private void add(List<String> name, ResolvableType type) {
		Class<?> raw = type.toClass();
		if (Map.class.isAssignableFrom(raw)) {
			addElements(name, ANY_NAME, type.asMap().getGeneric(1));
		}
		else if (Collection.class.isAssignableFrom(raw)) {
			addElements(name, ANY_NAME, type.asCollection().getGeneric(0));
		}
		else if (isNested(raw)) {
			addBean(name, raw);
		}
		else {
			this.patterns.add(name);
		}
	}

	private void addElements(List<String> name, String key, ResolvableType element) {
		if (isNested(element.toClass())) {
			addBean(append(name, key), element.toClass());
		}
		else {
			this.patterns.add(name);
			this.patterns.add(append(name, ANYTHING_BELOW));
		}
	}

	private static boolean isNested(Class<?> type) {
		return !type.isEnum() && type.getName().startsWith("io.strand.");
	}

	private static List<String> append(List<String> name, String element) {
		List<String> longer = new ArrayList<>(name);
		longer.add(element);
		return longer;
	}

	private static String kebabCase(String name) {
		return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
	}

	boolean contains(ConfigurationPropertyName name) {
		return this.patterns.stream().anyMatch((pattern) -> matches(pattern, name));
	}

	/**
	 * Whether there are known names below a name.
	 * @param name what they would begin with
	 * @return whether there are
	 */
	boolean isGroup(ConfigurationPropertyName name) {
		int length = name.getNumberOfElements();
		return this.patterns.stream()
			.anyMatch((pattern) -> pattern.size() > length && matches(pattern.subList(0, length), name));
	}

	private static boolean matches(List<String> pattern, ConfigurationPropertyName name) {
		for (int i = 0; i < pattern.size(); i++) {
			if (pattern.get(i).equals(ANYTHING_BELOW)) {
				return name.getNumberOfElements() > i;
			}
			if (name.getNumberOfElements() <= i || !matches(pattern.get(i), name, i)) {
				return false;
			}
		}
		return name.getNumberOfElements() == pattern.size();
	}

	private static boolean matches(String pattern, ConfigurationPropertyName name, int index) {
		return pattern.equals(ANY_NAME) ? !isAnyName(name, index)
				: pattern.replace("-", "").equals(name.getElement(index, Form.UNIFORM));
	}

	/**
	 * Whether a name has the wildcard where it should have a name of the user's.
	 * @param name a name that is not known
	 * @return whether it has
	 */
	static boolean isPattern(ConfigurationPropertyName name) {
		return IntStream.range(0, name.getNumberOfElements()).anyMatch((index) -> isAnyName(name, index));
	}

	private static boolean isAnyName(ConfigurationPropertyName name, int index) {
		return name.getElement(index, Form.ORIGINAL).equals(ANY_NAME);
	}

	/**
	 * The known name that a misspelt one is most like.
	 * @param name a name that is not known
	 * @return a name, or {@code null} if none is near
	 */
	@Nullable String nearest(ConfigurationPropertyName name) {
		return this.patterns.stream()
			.filter((pattern) -> !pattern.contains(ANYTHING_BELOW))
			.map((pattern) -> named(pattern, name))
			.filter(Objects::nonNull)
			.min(Comparator.comparingInt((known) -> NearestName.distance(known, name.toString())))
			.filter((
					known) -> NearestName.distance(known, name.toString()) <= Math.max(3, name.toString().length() / 3))
			.orElse(null);
	}

	/**
	 * A pattern with the user's own names in the place of the wildcards.
	 */
	private static @Nullable String named(List<String> pattern, ConfigurationPropertyName name) {
		List<String> elements = new ArrayList<>();
		for (int i = 0; i < pattern.size(); i++) {
			boolean wildcard = pattern.get(i).equals(ANY_NAME);
			if (wildcard && i >= name.getNumberOfElements()) {
				return null;
			}
			elements.add(wildcard ? name.getElement(i, Form.ORIGINAL) : pattern.get(i));
		}
		return String.join(".", elements);
	}

}
