package io.strand.grpc.benchmarks;

import java.util.List;

/**
 * A scenario whose figures are others than rate and CPU time. Prints them itself.
 */
interface Scenario {

	void run(List<Variant> variants, List<String> options, int rounds, double seconds) throws Exception;

}
