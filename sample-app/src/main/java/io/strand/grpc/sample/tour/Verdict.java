package io.strand.grpc.sample.tour;

/**
 * What a step has come to.
 */
enum Verdict {

	/** Measured, and as promised. */
	HOLDS("holds, as measured"),

	/** Measured, with something the application must still do by itself. */
	BY_HAND("holds by the application's own doing; built in with part 2"),

	/** Measured, and not what will be promised. */
	NOT_YET("not there yet (part 2)"),

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
