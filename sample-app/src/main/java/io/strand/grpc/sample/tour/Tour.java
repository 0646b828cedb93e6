package io.strand.grpc.sample.tour;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.springframework.stereotype.Component;

/**
 * Takes the steps in their order and prints what they find.
 */
@Component
class Tour {

	private final Surroundings surroundings;

	private final List<TourStep> steps;

	Tour(Surroundings surroundings, List<TourStep> steps) {
		this.surroundings = surroundings;
		this.steps = steps;
	}

	/**
	 * Takes the tour, all of it, whatever a step comes to. Blocks meanwhile.
	 * @param out where to print
	 * @return what was found, in order
	 * @throws InterruptedException if interrupted on the way
	 */
	Map<TourStep, Finding> take(PrintStream out) throws InterruptedException {
		TourPrinter printer = new TourPrinter(out);
		printer.opening(this.surroundings.describe());
		Map<TourStep, Finding> findings = new LinkedHashMap<>();
		for (TourStep step : this.steps) {
			printer.heading(findings.size() + 1, step);
			Finding finding = take(step);
			printer.finding(finding);
			findings.put(step, finding);
		}
		printer.summary(findings);
		return findings;
	}

	private static Finding take(TourStep step) throws InterruptedException {
		try {
			return step.take();
		}
		catch (InterruptedException ex) {
			throw ex;
		}
		catch (Exception ex) {
			return Finding.failed(ex);
		}
	}

}
