package io.strand.grpc.sample.tour;

/**
 * What a step has come to.
 */
enum Verdict {

	/** Measured, and as promised. */
	HOLDS("holds, as measured"),

	/** Measured, and not what is promised. */
	BROKEN("BROKEN: this is promised and does not hold here");

	private final String text;

	Verdict(String text) {
		this.text = text;
	}

	String text() {
		return this.text;
	}

	static Verdict holdsIf(boolean asPromised) {
		return asPromised ? HOLDS : BROKEN;
	}

}
