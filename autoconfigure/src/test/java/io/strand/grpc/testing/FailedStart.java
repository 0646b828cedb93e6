package io.strand.grpc.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * What a user sees of an application that does not start.
 *
 * @param console all lines that were printed, Spring Boot's banner excepted
 * @param analysis the lines from "Description:" on
 */
public record FailedStart(List<String> console, List<String> analysis) {

	/**
	 * Runs an application as its main method would.
	 * @param application its configuration
	 * @param output what it prints
	 * @param arguments its command line
	 * @return what was printed
	 */
	public static FailedStart of(Class<?> application, CapturedOutput output, String... arguments) {
		SpringApplication spring = new SpringApplication(application);
		spring.setWebApplicationType(WebApplicationType.NONE);
		return of(spring, output, arguments);
	}

	/**
	 * Runs an application that the test has prepared.
	 * @param application the application
	 * @param output what it prints
	 * @param arguments its command line
	 * @return what was printed
	 */
	public static FailedStart of(SpringApplication application, CapturedOutput output, String... arguments) {
		application.setRegisterShutdownHook(false);
		int before = output.getAll().length();
		try (ConfigurableApplicationContext context = application.run(arguments)) {
			throw new AssertionError("The application has started: " + context);
		}
		catch (RuntimeException ex) {
			List<String> lines = Arrays.asList(output.getAll().substring(before).split("\\R"));
			return new FailedStart(withoutBanner(lines), analysis(lines));
		}
	}

	private static List<String> withoutBanner(List<String> lines) {
		List<String> kept = new ArrayList<>(lines);
		int banner = indexOf(lines, ":: Spring Boot ::");
		kept.subList(0, banner + 1).clear();
		kept.removeIf(String::isBlank);
		return kept;
	}

	private static List<String> analysis(List<String> lines) {
		int description = lines.indexOf("Description:");
		if (description < 0) {
			throw new AssertionError("There is no failure analysis:\n" + String.join("\n", lines));
		}
		return lines.subList(description, lines.size());
	}

	private static int indexOf(List<String> lines, String part) {
		for (int i = 0; i < lines.size(); i++) {
			if (lines.get(i).contains(part)) {
				return i;
			}
		}
		return -1;
	}

	/**
	 * The analysis as one text.
	 * @return its lines joined
	 */
	public String text() {
		return String.join("\n", this.analysis);
	}

}
