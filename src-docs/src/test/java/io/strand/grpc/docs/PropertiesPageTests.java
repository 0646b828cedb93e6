package io.strand.grpc.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Holds the guide's table of properties to the library's metadata.
 */
class PropertiesPageTests {

	private static final Path PAGE = Page.ROOT.resolve("src-docs/guide/properties.md");

	private static final Pattern ROW = Pattern.compile("\\| `strand\\..*");

	private final Map<String, StrandProperties.Property> properties = StrandProperties.load().byKey();

	@Test
	void tableListsEveryPropertyWithItsDefaultAndMeaning() throws IOException {
		Page page = Page.read(PAGE);
		List<String> expected = expected(page);
		if (Boolean.getBoolean("guide.update")) {
			Files.write(PAGE, expected);
			return;
		}
		assertThat(PAGE).as("Run the tests with -Dguide.update=true to take the metadata's text")
			.hasContent(String.join("\n", expected));
	}

	private List<String> expected(Page page) {
		List<String> lines = new ArrayList<>();
		for (String line : page.lines()) {
			if (!ROW.matcher(line).matches()) {
				lines.add(line);
			}
			if (line.startsWith("|---")) {
				String prefix = "strand.%s.".formatted(heading(lines));
				this.properties.forEach((key, property) -> {
					if (key.startsWith(prefix)) {
						lines.add(row(key, property));
					}
				});
			}
		}
		return lines;
	}

	/**
	 * The last heading, which is the second part of the keys below it: server, client.
	 */
	private static String heading(List<String> lines) {
		return lines.stream()
			.filter((line) -> line.startsWith("## "))
			.reduce((first, second) -> second)
			.orElse("")
			.substring("## ".length())
			.toLowerCase();
	}

	private static String row(String key, StrandProperties.Property property) {
		String defaultValue = property.defaultValue().isEmpty() ? "" : "`%s` ".formatted(property.defaultValue());
		return "| `%s` | %s| %s |".formatted(key, defaultValue, property.description());
	}

}
