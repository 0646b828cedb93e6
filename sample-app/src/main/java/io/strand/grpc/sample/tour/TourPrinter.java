package io.strand.grpc.sample.tour;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;

/**
 * Prints the tour, in plain ASCII and no wider than a terminal.
 */
class TourPrinter {

	private static final int WIDTH = 88;

	private static final String NOT_SHOWN = "There, and not in the tour: C5, C6, H9, H11."
			+ " The README has the list, with the tests.";

	private final PrintStream out;

	TourPrinter(PrintStream out) {
		this.out = out;
	}

	void opening(String surroundings) {
		this.out.println();
		this.out.println("=".repeat(WIDTH));
		this.out.println("CONCURRENCY TOUR");
		paragraph("", surroundings);
		paragraph("", "Every figure below was measured just now, in this process, over TCP.");
		this.out.println("=".repeat(WIDTH));
	}

	void heading(int number, TourStep step) {
		String title = "%d. %s".formatted(number, step.title());
		String contract = "[" + step.contract() + "]";
		this.out.println();
		this.out.println(title + " ".repeat(Math.max(1, WIDTH - title.length() - contract.length())) + contract);
		this.out.println("-".repeat(WIDTH));
		this.out.flush();
	}

	void finding(Finding finding) {
		paragraph("done:", finding.done());
		String label = "measured:";
		for (Figure figure : finding.figures()) {
			this.out.printf("  %-10s %14s  %s%n", label, figure.value(), figure.name());
			label = "";
		}
		paragraph("shows:", finding.shows());
		paragraph("verdict:", finding.verdict().text());
	}

	void summary(Map<TourStep, Finding> findings) {
		this.out.println();
		this.out.println("=".repeat(WIDTH));
		findings.forEach((step, finding) -> this.out.printf("%-11s %-50s %s%n", step.contract(), step.title(),
				finding.verdict().name().toLowerCase(Locale.ROOT).replace('_', ' ')));
		this.out.println();
		paragraph("", NOT_SHOWN);
		this.out.println("=".repeat(WIDTH));
		this.out.flush();
	}

	private void paragraph(String label, String text) {
		String indent = label.isEmpty() ? "" : "  %-10s ".formatted(label);
		StringBuilder line = new StringBuilder(indent);
		boolean empty = true;
		for (String word : text.split("\\s+")) {
			if (!empty && line.length() + 1 + word.length() > WIDTH) {
				this.out.println(line);
				line = new StringBuilder(" ".repeat(indent.length()));
				empty = true;
			}
			line.append(empty ? "" : " ").append(word);
			empty = false;
		}
		this.out.println(line);
	}

}
