package io.strand.grpc.docs;

import java.beans.PropertyDescriptor;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.strand.grpc.docs.StrandProperties.Property;
import org.junit.jupiter.api.Test;

import org.springframework.beans.BeanUtils;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.convert.DurationUnit;
import org.springframework.core.ResolvableType;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;
import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Holds the library's configuration metadata to its properties classes, also where Spring
 * Boot's annotation processor does not look by itself: into the values of maps.
 */
class MetadataTests {

	private static final Pattern DEFAULT = Pattern.compile("[iI]f not set|by default|the default");

	private final StrandProperties properties = StrandProperties.load();

	@Test
	void everyPropertyHasAMeaning() {
		assertThat(this.properties.byKey())
			.containsKeys("strand.server.port", "strand.server.services.<name>.threading",
					"strand.server.methods.<name>.max-wait", "strand.client.channels.<name>.ssl.bundle",
					"strand.client.channels.<name>.methods.<name>.hedging.delay")
			.allSatisfy((key, property) -> assertThat(property.description()).endsWith("."));
	}

	/** What may be inherited has no default of its own, but a sentence about it. */
	@Test
	void everyPropertyHasADefaultOrSaysWhatHoldsWithoutIt() {
		assertThat(this.properties.byKey()).allSatisfy((key, property) -> {
			if (property.defaultValue().isEmpty()) {
				assertThat(property.description()).containsPattern(DEFAULT);
			}
		});
	}

	@Test
	void everyTimeAndSizeSaysTheUnitThatItHasWithoutOne() {
		Map<String, Property> measured = new TreeMap<>(this.properties.byKey());
		measured.values().removeIf((property) -> !isTime(property) && !isSize(property));
		assertThat(measured).hasSizeGreaterThan(30)
			.allSatisfy((key, property) -> assertThat(property.description())
				.contains("In %s if it has no unit.".formatted(unit(key, property))));
	}

	private static boolean isTime(Property property) {
		return property.type().equals(Duration.class.getName());
	}

	private static boolean isSize(Property property) {
		return property.type().equals(DataSize.class.getName());
	}

	private static String unit(String key, Property property) {
		if (isSize(property)) {
			return "bytes";
		}
		Class<?> source = ClassUtils.resolveClassName(property.source(), null);
		String name = Stream.of(BeanUtils.getPropertyDescriptors(source))
			.map(PropertyDescriptor::getName)
			.filter((each) -> key.endsWith("." + DataObjectPropertyName.toDashedForm(each)))
			.findFirst()
			.orElseThrow();
		Field field = ReflectionUtils.findField(source, name);
		DurationUnit unit = field.getAnnotation(DurationUnit.class);
		return (unit != null) ? unit.value().name().toLowerCase(Locale.ROOT) : "milliseconds";
	}

	@Test
	void valuesOfMapsAreDescribedAsTheirClassesAre() {
		assertThat(this.properties.groupsByName()).containsOnlyKeys("strand.client.channels",
				"strand.client.channels.<name>.methods", "strand.server.listeners", "strand.server.methods",
				"strand.server.services");
		this.properties.groupsByName().forEach((map, type) -> {
			SortedMap<String, Property> described = new TreeMap<>(this.properties.byKey());
			described.keySet().removeIf((key) -> !key.startsWith(map + ".<name>.") || isBelowAnotherMap(map, key));
			SortedMap<String, Property> declared = new TreeMap<>();
			declare(declared, map + ".<name>.", BeanUtils.instantiateClass(type));
			assertThat(described).isEqualTo(declared);
		});
	}

	private boolean isBelowAnotherMap(String map, String key) {
		return this.properties.groupsByName()
			.keySet()
			.stream()
			.anyMatch((other) -> other.startsWith(map + ".") && key.startsWith(other + "."));
	}

	private static void declare(SortedMap<String, Property> properties, String prefix, Object group) {
		for (PropertyDescriptor descriptor : BeanUtils.getPropertyDescriptors(group.getClass())) {
			String key = prefix + DataObjectPropertyName.toDashedForm(descriptor.getName());
			Object value = ReflectionUtils.invokeMethod(descriptor.getReadMethod(), group);
			if (descriptor.getWriteMethod() != null) {
				properties.put(key, new Property(group.getClass().getName(), typeName(descriptor), text(value),
						Javadoc.ofField(descriptor.getWriteMethod().getDeclaringClass(), descriptor.getName())));
			}
			else if (value.getClass().getName().startsWith("io.strand.")) {
				declare(properties, key + ".", value);
			}
		}
	}

	private static String typeName(PropertyDescriptor descriptor) {
		Class<?> type = descriptor.getPropertyType();
		return type.isPrimitive() ? ClassUtils.resolvePrimitiveIfNecessary(type).getName()
				: ResolvableType.forMethodReturnType(descriptor.getReadMethod()).toString();
	}

	private static String text(Object value) {
		if (value == null || value instanceof Collection<?> collection && collection.isEmpty()) {
			return "";
		}
		return (value instanceof Enum<?> constant) ? DataObjectPropertyName.toDashedForm(constant.name().toLowerCase())
				: value.toString();
	}

	/** As a property would be named whose channel has the name of an asterisk. */
	@Test
	void namesAreValidForSpringBoot() {
		assertThat(this.properties.byKey().keySet())
			.allSatisfy((key) -> assertThat(ConfigurationPropertyName.isValid(key.replace(".<name>", "[*]"))).isTrue());
	}

}
