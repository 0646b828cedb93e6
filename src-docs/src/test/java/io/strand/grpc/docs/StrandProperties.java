package io.strand.grpc.docs;

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

import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.util.ClassUtils;

/**
 * The properties under {@code strand.} that exist, as the library's configuration
 * metadata has them.
 *
 * @param byKey the properties by key, where {@code <name>} stands for a key of a map
 * @param groupsByName the maps whose values are groups of properties: their keys, with
 * the type of the values
 */
record StrandProperties(SortedMap<String, Property> byKey, SortedMap<String, Class<?>> groupsByName) {

	private static final String METADATA = "META-INF/spring-configuration-metadata.json";

	private static final Pattern MAP = Pattern.compile("java\\.util\\.Map<java\\.lang\\.String,(.+)>");

	static StrandProperties load() {
		StrandProperties properties = new StrandProperties(new TreeMap<>(), new TreeMap<>());
		try {
			ClassLoader classLoader = StrandProperties.class.getClassLoader();
			for (URL metadata : Collections.list(classLoader.getResources(METADATA))) {
				String json = new String(metadata.openStream().readAllBytes(), StandardCharsets.UTF_8);
				properties.addAll(JsonParserFactory.getJsonParser().parseMap(json));
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return properties;
	}

	private void addAll(Map<String, Object> metadata) {
		for (Object entry : (List<?>) metadata.get("properties")) {
			Map<?, ?> property = (Map<?, ?>) entry;
			String key = text(property.get("name"));
			if (key.startsWith("strand.")) {
				add(key.replace("[*]", ".<name>"),
						new Property(text(property.get("sourceType")), text(property.get("type")),
								text(property.get("defaultValue")), text(property.get("description"))));
			}
		}
	}

	private void add(String key, Property property) {
		Matcher map = MAP.matcher(property.type());
		if (!map.matches()) {
			this.byKey.put(key, property);
		}
		else if (map.group(1).startsWith("io.strand.")) {
			this.groupsByName.put(key, ClassUtils.resolveClassName(map.group(1), null));
		}
		else {
			this.byKey.put(key + ".<name>", property);
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
	 * @param source the name of the class that it is a property of
	 * @param type the name of its type
	 * @param defaultValue its default, empty if there is none
	 * @param description what it means
	 */
	record Property(String source, String type, String defaultValue, String description) {

	}

}
