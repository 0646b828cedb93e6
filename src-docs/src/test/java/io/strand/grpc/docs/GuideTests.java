package io.strand.grpc.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Holds the README and the guide to the code.
 */
class GuideTests {

	static List<Page> pages() {
		return Page.all();
	}

	@ParameterizedTest
	@MethodSource("pages")
	void snippetsAreWhatTheSourcesSay(Page page) throws IOException {
		Page expected = page.withSnippets();
		if (Boolean.getBoolean("guide.update")) {
			Files.write(page.path(), expected.lines());
			return;
		}
		assertThat(page.path()).as("Run the tests with -Dguide.update=true to take the sources' text")
			.hasContent(expected.text());
	}

	@ParameterizedTest
	@MethodSource("pages")
	void everyJavaBlockIsCompiled(Page page) {
		assertThat(page.blocksWithoutMarker("java")).isEmpty();
	}

	@ParameterizedTest
	@MethodSource("pages")
	void everyLinkLeadsSomewhere(Page page) {
		assertThat(page.brokenLinks()).isEmpty();
	}

	@ParameterizedTest
	@MethodSource("pages")
	void everyPropertyInYamlExists(Page page) {
		StrandProperties properties = StrandProperties.load();
		assertThat(page.contents("yaml")).allSatisfy((yaml) -> assertThat(properties.unknownIn(yaml)).isEmpty());
	}

}
