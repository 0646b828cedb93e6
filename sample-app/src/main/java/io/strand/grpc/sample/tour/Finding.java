package io.strand.grpc.sample.tour;

import java.util.List;

/**
 * What a step has found. Immutable.
 *
 * @param done what was done
 * @param figures what was measured
 * @param shows what the figures mean
 * @param verdict whether the promise holds
 */
record Finding(String done, List<Figure> figures, String shows, Verdict verdict) {

	static Finding failed(Exception ex) {
		return new Finding("The step did not come to its end.", List.of(), ex.toString(), Verdict.BROKEN);
	}

}
