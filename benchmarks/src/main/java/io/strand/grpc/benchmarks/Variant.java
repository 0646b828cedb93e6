package io.strand.grpc.benchmarks;

/**
 * A kind of server under test.
 */
enum Variant {

	/**
	 * Plain grpc-java on a direct executor: no thread of its own for a call; the limit.
	 */
	DIRECT("direct"),

	/** Plain grpc-java with its default pool. */
	PLAIN("plain"),

	/** Plain grpc-java with a virtual thread for each task. */
	PLAIN_VIRTUAL("plain-virtual"),

	/** Strand. */
	STRAND("strand"),

	/** Strand on platform threads. */
	STRAND_PLATFORM("strand-platform"),

	/** Strand, with a service of plain methods. */
	STRAND_METHODS("strand-methods"),

	/** Strand as its starter makes it. */
	STRAND_STARTER("strand-starter"),

	/** Spring Boot's own gRPC starter as shipped. */
	BOOT("boot"),

	/** Spring Boot's own with an executor bean of virtual threads. */
	BOOT_VIRTUAL("boot-virtual");

	private final String label;

	Variant(String label) {
		this.label = label;
	}

	static Variant of(String label) {
		for (Variant variant : values()) {
			if (variant.label.equals(label)) {
				return variant;
			}
		}
		throw new IllegalArgumentException("No variant '%s'".formatted(label));
	}

	@Override
	public String toString() {
		return this.label;
	}

}
