package io.strand.grpc.benchmarks;

/**
 * Calls that follow each other until this is closed.
 */
interface Load extends AutoCloseable {

	void start();

	/** Calls that were answered so far. */
	long done();

	/** Calls that failed so far. */
	long failed();

}
