package io.strand.grpc.docs;

import java.beans.PropertyDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.springframework.beans.BeanUtils;
import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.core.ResolvableType;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.util.ClassUtils;

/**
 * The properties under {@code strand.} that exist: what the library's configuration
 * metadata lists, and for properties of type map, which the metadata does not look into,
 * what the type of the map's values can be set to, with the comments of its fields.
 *
 * @param byKey the properties by key, where {@code <name>} stands for a key of a map
 */
record StrandProperties(SortedMap<String, Property> byKey) {

	private static final String METADATA = "META-INF/spring-configuration-metadata.json";

	private static final Pattern MAP = Pattern.compile("java\\.util\\.Map<java\\.lang\\.String,(.+)>");

	static StrandProperties load() {
		SortedMap<String, Property> properties = new TreeMap<>();
		try {
			ClassLoader classLoader = StrandProperties.class.getClassLoader();
			for (URL metadata : Collections.list(classLoader.getResources(METADATA))) {
				String json = new String(metadata.openStream().readAllBytes(), StandardCharsets.UTF_8);
				addAll(properties, JsonParserFactory.getJsonParser().parseMap(json));
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return new StrandProperties(properties);
	}

	private static void addAll(SortedMap<String, Property> properties, Map<String, Object> metadata) {
		for (Object entry : (List<?>) metadata.get("properties")) {
			Map<?, ?> property = (Map<?, ?>) entry;
			String key = (String) property.get("name");
			if (key.startsWith("strand.")) {
				Matcher map = MAP.matcher(String.valueOf(property.get("type")));
				if (map.matches() && map.group(1).equals(String.class.getName())) {
					properties.put(key + ".<name>",
							new Property(String.class.getName(), "", text(property.get("description"))));
				}
				else if (map.matches()) {
					addNested(properties, key + ".<name>.", map.group(1));
				}
				else {
					properties.put(key, new Property(text(property.get("type")), text(property.get("defaultValue")),
							text(property.get("description"))));
				}
			}
		}
	}

	private static void addNested(SortedMap<String, Property> properties, String prefix, String typeName) {
		Class<?> type = ClassUtils.resolveClassName(typeName, null);
		for (PropertyDescriptor descriptor : BeanUtils.getPropertyDescriptors(type)) {
			String key = prefix + DataObjectPropertyName.toDashedForm(descriptor.getName());
			if (descriptor.getWriteMethod() != null) {
				Class<?> declaring = descriptor.getWriteMethod().getDeclaringClass();
				properties.put(key, new Property(descriptor.getPropertyType().getName(), "",
						Javadoc.ofField(declaring, descriptor.getName())));
			}
			else if (Map.class.isAssignableFrom(descriptor.getPropertyType())) {
				Class<?> values = ResolvableType.forMethodReturnType(descriptor.getReadMethod())
					.asMap()
					.resolveGeneric(1);
				addNested(properties, key + ".<name>.", values.getName());
			}
			else if (descriptor.getPropertyType().getName().startsWith("io.strand.")) {
				addNested(properties, key + ".", descriptor.getPropertyType().getName());
			}
		}
	}

	private static String text(Object value) {
		if (value instanceof Double number) {
			return String.valueOf(number.longValue()); // the parser knows no other
														// numbers
		}
		return (value != null) ? value.toString() : "";
	}

	/**
	 * The keys in a YAML document that are Strand's by their prefix and do not exist.
	 * @param yaml the document
	 * @return the unknown keys
	 */
	List<String> unknownIn(String yaml) {
		YamlPropertiesFactoryBean parser = new YamlPropertiesFactoryBean();
		parser.setResources(new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)));
		return parser.getObject()
			.stringPropertyNames()
			.stream()
			.filter((key) -> key.startsWith("strand."))
			.filter((key) -> this.byKey.keySet().stream().noneMatch((known) -> matches(key, known)))
			.sorted()
			.toList();
	}

	private static boolean matches(String key, String known) {
		// A name with dots is in brackets, which take the dot before it along
		String pattern = Pattern.quote(known).replace(".<name>", "\\E(\\.[^.]+|\\[[^]]+])\\Q");
		return key.replaceAll("\\[\\d+]", "").matches(pattern);
	}

	/**
	 * What is known of a property.
	 *
	 * @param type the name of its type
	 * @param defaultValue its default, empty if there is none
	 * @param description what it means
	 */
	record Property(String type, String defaultValue, String description) {

	}

}
